import {
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClosableClient, createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { frame, RawServer } from "../../support/raw-grpc.js";

type Answer = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void;

const response = (message: Partial<EchoResponse> = {}): Buffer =>
  Buffer.from(EchoResponse.encode(EchoResponse.fromPartial(message)).finish());
const good = (stream: ServerHttp2Stream) => answer(stream, [frame(response({ text: "good" }))]);

/** A decent answer, but for what is given. */
function answer(
  stream: ServerHttp2Stream,
  body: readonly Buffer[] = [],
  trailer: { readonly [name: string]: string | string[] } = { "grpc-status": "0" },
  header: { readonly [name: string]: string } = {},
): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...header }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailer));
  for (const part of body) stream.write(part);
  stream.end();
}

/** A client of a server that answers `put` well and everything else as told. */
async function clientOf(act: Answer): Promise<ClosableClient<EchoServiceDefinition>> {
  const server = await RawServer.start((stream, fields) => {
    if (String(fields[":path"]).endsWith("/Put")) good(stream);
    else act(stream, fields);
  });
  const client = createClient(EchoServiceDefinition, {
    target: server.address,
    transport: grpcJsTransport(),
    retry: false,
  });
  onTestFinished(async () => {
    await server.close();
    await client.close();
  });
  return client;
}

/** Both a unary call and a stream end with the status, as this side's failure or the server's, and the channel lives on. */
async function expectEnd(act: Answer, code: Code, remote: boolean, text: RegExp): Promise<void> {
  const client = await clientOf(act);
  for (const call of [() => client.unary({}), () => collect(client.serverStream({}))]) {
    const error = await rpcFailure(call());
    expect({ code: error.code, remote: error.remote, message: error.message }).toEqual({
      code,
      remote,
      message: expect.stringMatching(text),
    });
    expect((await client.put({})).text).toBe("good");
  }
}

describe("a grpc-js client and answers that are none", () => {
  test.each([
    [400, Code.INTERNAL],
    [401, Code.UNAUTHENTICATED],
    [403, Code.PERMISSION_DENIED],
    [404, Code.UNIMPLEMENTED],
    [429, Code.UNAVAILABLE],
    [502, Code.UNAVAILABLE],
    [503, Code.UNAVAILABLE],
    [504, Code.UNAVAILABLE],
    [500, Code.UNKNOWN],
  ])("HTTP %d from somebody in between has its gRPC code", async (status, code) => {
    await expectEnd(
      (stream) => {
        stream.respond({ ":status": status, "content-type": "text/html" });
        stream.end("<html>sorry</html>");
      },
      code,
      false,
      new RegExp(`HTTP status code ${status}`),
    );
  });

  test("an answer that ends without a status is an error", async () => {
    await expectEnd((stream) => answer(stream, [], { "x-other": "1" }), Code.UNKNOWN, false, /HTTP status code 200/);
  });

  test("an answer that ends without trailers is one that was cut off", async () => {
    await expectEnd(
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.end(frame(response()));
      },
      Code.UNAVAILABLE,
      false,
      /without gRPC status/,
    );
  });

  test.each(["99", "-1", "ok", "3.5"])("a status of %s is UNKNOWN", async (status) => {
    await expectEnd(
      (stream) => answer(stream, [], { "grpc-status": status, "grpc-message": "odd" }),
      Code.UNKNOWN,
      true,
      /odd/,
    );
  });

  test("a message that is no percent-encoding is shown as it is", async () => {
    await expectEnd(
      (stream) => answer(stream, [], { "grpc-status": "5", "grpc-message": "50 %, 100 %zz" }),
      Code.NOT_FOUND,
      true,
      /^50 %, 100 %zz$/,
    );
  });

  test("details that do not parse leave code and message as they are", async () => {
    const client = await clientOf((stream) =>
      answer(stream, [], {
        "grpc-status": "5",
        "grpc-message": "no order",
        "grpc-status-details-bin": "////",
      }),
    );
    expect(await rpcFailure(client.unary({}))).toMatchObject({
      code: Code.NOT_FOUND,
      message: "no order",
      details: [],
      remote: true,
    });
  });

  test.each<[number, Code, string]>([
    [0, Code.UNAVAILABLE, "NO_ERROR"],
    [1, Code.INTERNAL, "PROTOCOL_ERROR"],
    [2, Code.INTERNAL, "INTERNAL_ERROR"],
    [8, Code.CANCELLED, "CANCEL"],
    [11, Code.RESOURCE_EXHAUSTED, "ENHANCE_YOUR_CALM"],
    [12, Code.PERMISSION_DENIED, "INADEQUATE_SECURITY"],
  ])("RST_STREAM with code %d ends the call with code %d (%s)", async (reset, code) => {
    await expectEnd((stream) => stream.close(reset), code, false, /EchoService/);
  });

  test("a stream that is refused was not processed, and a client may go elsewhere", async () => {
    const client = await clientOf((stream) => stream.close(7));
    for (const call of [() => client.unary({}), () => collect(client.serverStream({}))]) {
      expect(await rpcFailure(call())).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    }
  });

  test.each<[string, (session: ServerHttp2Session) => void]>([
    ["is dropped", (session) => session.destroy()],
    ["ends with an error of the protocol", (session) => session.goaway(2)],
  ])("a call whose connection %s is UNAVAILABLE", async (_how, end) => {
    const client = await clientOf((stream) => end(stream.session as ServerHttp2Session));
    expect(await rpcFailure(client.unary({}))).toMatchObject({
      code: Code.UNAVAILABLE,
      unprocessed: false,
      remote: false,
    });
    expect((await client.put({})).text).toBe("good");
  });
});

describe("a grpc-js client and messages that are none", () => {
  test("bytes that are no protobuf are INTERNAL and name the type", async () => {
    await expectEnd(
      (stream) => answer(stream, [frame(Buffer.from([0x0a, 0xff, 0xff]))]),
      Code.INTERNAL,
      false,
      /the response is no hawser\.test\.v1\.EchoResponse/,
    );
  });

  test("a length beyond the limit is RESOURCE_EXHAUSTED before anything of it is here", async () => {
    await expectEnd(
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(frame("", 0, 0xffffffff));
      },
      Code.RESOURCE_EXHAUSTED,
      false,
      /larger than max/,
    );
  });

  test("an answer of nothing to a unary call is an error", async () => {
    const client = await clientOf((stream) => answer(stream));
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
    expect(await rpcFailure(client.clientStream([{}]))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
  });

  test("two answers to a unary call are an error", async () => {
    const client = await clientOf((stream) => answer(stream, [frame(response()), frame(response())]));
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
    expect(await rpcFailure(client.clientStream([{}]))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("%s is understood", async (encoding, compress) => {
    const client = await clientOf((stream) =>
      answer(stream, [frame(compress(response({ text: "small" })), 1)], undefined, { "grpc-encoding": encoding }),
    );
    expect((await client.unary({})).text).toBe("small");
    expect((await collect(client.serverStream({}))).map(({ text }) => text)).toEqual(["small"]);
  });

  test.each(["gzip", "deflate"])("bytes that are no %s are INTERNAL", async (encoding) => {
    await expectEnd(
      (stream) => answer(stream, [frame("never compressed", 1)], undefined, { "grpc-encoding": encoding }),
      Code.INTERNAL,
      false,
      /decompress/,
    );
  });

  test.each([{}, { "grpc-encoding": "identity" }])("the compressed flag with header %j is INTERNAL", async (header) => {
    await expectEnd(
      (stream) => answer(stream, [frame(gzipSync(response()), 1)], undefined, header),
      Code.INTERNAL,
      false,
      /compressed/,
    );
  });

  test("an encoding nobody knows is INTERNAL", async () => {
    await expectEnd(
      (stream) => answer(stream, [frame("x", 1)], undefined, { "grpc-encoding": "snappy" }),
      Code.INTERNAL,
      false,
      /compressed/,
    );
  });

  test("a bomb does not unfold", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    await expectEnd(
      (stream) => answer(stream, [frame(bomb, 1)], undefined, { "grpc-encoding": "gzip" }),
      Code.RESOURCE_EXHAUSTED,
      false,
      /decompresses to a size larger than 4194304/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });
});

describe("what a grpc-js client says", () => {
  /** The header fields of one call. */
  async function fieldsOf(call: (client: ClosableClient<EchoServiceDefinition>) => Promise<unknown>) {
    let seen: IncomingHttpHeaders = {};
    const client = await clientOf((stream, fields) => {
      seen = fields;
      good(stream);
    });
    await call(client);
    return seen;
  }

  test("a call has the fields gRPC asks for, and no others", async () => {
    const fields = await fieldsOf((client) => client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
    expect({ ...fields }).toEqual({
      ":method": "POST",
      ":scheme": "http",
      ":authority": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      ":path": "/hawser.test.v1.EchoService/Unary",
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,deflate,gzip",
      "user-agent": expect.stringMatching(/^hawser.* grpc-node-js\//),
      [sensitiveHeaders]: [],
    });
  });

  test("a deadline goes along as what is left of it", async () => {
    const fields = await fieldsOf((client) => client.unary({}, { timeoutMs: 20_000 }));
    expect(fields["grpc-timeout"]).toMatch(/^1[0-9]{7}u$|^20000000u$/);
  });

  test("bytes go along in base64 without padding", async () => {
    const fields = await fieldsOf((client) =>
      client.unary({}, { metadata: { "x-seal-bin": [Uint8Array.of(1), Uint8Array.of(2, 3)], "x-empty": "" } }),
    );
    expect(fields).toMatchObject({ "x-seal-bin": "AQ, AgM", "x-empty": "" });
  });

  test("names that belong to HTTP or gRPC cannot be taken", async () => {
    const client = await clientOf(good);
    for (const name of ["content-type", "te", "host", "connection", "keep-alive", "grpc-timeout", ":path"]) {
      expect(await failure(client.unary({}, { metadata: { [name]: "x" } }))).toBeInstanceOf(TypeError);
    }
  });
});
