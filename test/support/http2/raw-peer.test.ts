import { connect, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ErrorCode, Setting } from "./constants.js";
import { continuation, data, frame, goaway, headers, ping, reset, settings, windowUpdate } from "./frames.js";
import { answerTo, okTrailer, requestFields, responseFields } from "./grpc.js";
import { BlockReader, fieldBlock, indexed, integer, literal, tableSize } from "./hpack.js";
import { RawListener } from "./raw-listener.js";
import { RawPeer } from "./raw-peer.js";
import { isGoaway, isHeaders, isPingAck, isReset, isSettings, isSettingsAck } from "./received.js";

/** A server on node:http2 that answers with the fields it was sent, and text with every symbol there is. */
async function nodeServer(): Promise<{ readonly server: Http2Server; readonly address: string }> {
  const server = createServer();
  server.on("sessionError", () => {});
  server.on("stream", (stream, fields) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "x-echo": String(fields["x-say"] ?? ""), "x-again": "one" });
    stream.pipe(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { server, address: `grpc://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function clientOf(
  address: string,
  ...rest: [options?: ConstructorParameters<typeof RawPeer>[2]]
): Promise<RawPeer> {
  const peer = await RawPeer.connect(address, ...rest);
  onTestFinished(() => peer.close());
  return peer;
}

const printable = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n)).join("");

describe("a raw HTTP/2 peer", () => {
  test("as a client is understood by node:http2, and understands its tables and its Huffman code", async () => {
    const { address } = await nodeServer();
    const peer = await clientOf(address);
    for (const id of [peer.nextId(), peer.nextId(), peer.nextId()]) {
      peer.write(
        headers(id, requestFields("Unary", ["x-say", `a${printable}a`])),
        data(id, "body", { end: true, padding: 3 }),
      );
      const answer = await answerTo(peer, id);
      expect(answer.header).toMatchObject({ ":status": "200", "x-echo": `a${printable}a`, "x-again": "one" });
      expect(answer.body.toString()).toBe("body");
    }
  });

  test("answers SETTINGS and PING by itself, and takes apart what comes", async () => {
    const { server, address } = await nodeServer();
    const pinged = new Promise((resolve) => server.on("session", (session) => session.ping((error) => resolve(error))));
    const peer = await clientOf(address, {
      greeting: [Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings([[Setting.MAX_FRAME_SIZE, 20_000]])],
    });
    expect(await peer.next(isSettings)).toMatchObject({ kind: "settings", ack: false });
    await peer.next(isSettingsAck);
    expect(await pinged).toBeNull();
    peer.write(ping("ABCDEFGH"));
    expect((await peer.next(isPingAck)).payload.toString()).toBe("ABCDEFGH");
    peer.write(frame(6, 0, 3, "12345678"));
    expect(await peer.next(isGoaway)).toMatchObject({ code: ErrorCode.INTERNAL_ERROR, lastId: 0 }); // node:http2 says so of all
    await peer.closed;
    await expect(peer.next(isGoaway)).rejects.toThrow(/the connection ended; .*goaway\(0\) INTERNAL_ERROR/);
  });

  test("cuts what it says where it is told to", async () => {
    const { address } = await nodeServer();
    const peer = await clientOf(address);
    const block = fieldBlock(requestFields("Unary", ["x-say", "cut"]));
    const bytes = Buffer.concat([
      headers(1, block.subarray(0, 3), { endHeaders: false }),
      continuation(1, block.subarray(3, 3)),
      continuation(1, block.subarray(3), true),
      data(1, "", { end: true }),
    ]);
    for (const byte of bytes) peer.write(Buffer.of(byte));
    expect((await answerTo(peer, 1)).header["x-echo"]).toBe("cut");
  });

  test("floods until the other side has had enough", async () => {
    const { address } = await nodeServer();
    const peer = await clientOf(address);
    const said = await peer.flood(1000, (n) =>
      Array.from({ length: 100 }, (_, k) => {
        const id = 1 + 2 * (100 * n + k);
        return Buffer.concat([headers(id, requestFields()), reset(id, ErrorCode.CANCEL)]);
      }),
    );
    expect(said).toBeLessThan(1000);
    await peer.next(isGoaway);
  });

  test("as a server is understood by node:http2, and understands it", async () => {
    const listener = await RawListener.start();
    onTestFinished(() => listener.close());
    const session = connect(listener.address.replace("grpc", "http"));
    onTestFinished(() => void session.destroy());
    session.on("error", () => {});
    const stream = session.request({ ":method": "POST", ":path": "/x", "x-say": printable });
    stream.on("error", () => {});
    const peer = await listener.accept();
    const request = await peer.next(isHeaders());
    expect(Object.fromEntries(request.fields)).toMatchObject({ ":path": "/x", "x-say": printable });
    const responded = new Promise((resolve) => stream.once("response", resolve));
    const trailers = new Promise((resolve) => stream.once("trailers", resolve));
    stream.resume();
    peer.write(headers(1, responseFields), data(1, "x"), windowUpdate(0, 1), headers(1, okTrailer, { end: true }));
    expect(await responded).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect(await trailers).toMatchObject({ "grpc-status": "0" });
    const other = session.request({ ":path": "/y" });
    other.on("error", () => {});
    const { id } = await peer.next((each) => isHeaders()(each) && each.id === 3);
    other.close(ErrorCode.CANCEL);
    expect(await peer.next(isReset(id))).toMatchObject({ code: ErrorCode.CANCEL });
    const left = new Promise((resolve) => session.once("goaway", resolve));
    peer.write(goaway(3, ErrorCode.NO_ERROR));
    expect(await left).toBe(ErrorCode.NO_ERROR);
  });

  // RFC 7541 C.1 and C.2
  test("writes numbers and fields as the examples of RFC 7541 do", () => {
    expect(integer(10, 5)).toEqual(Buffer.of(10));
    expect(integer(1337, 5)).toEqual(Buffer.of(31, 154, 10));
    expect(literal("custom-key", "custom-header", 0x40).toString("hex")).toBe(
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
    );
    expect(indexed(2)).toEqual(Buffer.of(0x82));
    const reader = new BlockReader();
    // C.4.1 to C.4.3: Huffman code and the dynamic table
    expect(reader.read(Buffer.from("828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex"))).toContainEqual([
      ":authority",
      "www.example.com",
    ]);
    expect(reader.read(Buffer.from("828684be5886a8eb10649cbf", "hex"))).toEqual([
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
      ["cache-control", "no-cache"],
    ]);
    expect(reader.read(Buffer.concat([tableSize(0), tableSize(4096), indexed(8)]))).toEqual([[":status", "200"]]);
    expect(() => reader.read(indexed(62))).toThrow("nothing stands at 62");
  });
});
