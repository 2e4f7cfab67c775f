import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { jsonCodec } from "../../../src/codec/json.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { type GrpcJsTransportOptions, grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { frame, type RawAnswer, RawClient, RawServer } from "../../support/raw-grpc.js";

const unary = "/hawser.test.v1.EchoService/Unary";
const json = { "content-type": "application/grpc+json" };
const parsed = ({ messages }: RawAnswer) => messages.map(({ bytes }) => JSON.parse(bytes.toString()));

async function serve(options: GrpcJsTransportOptions = {}) {
  const server = createServer({ transport: grpcJsTransport(options), address: "grpc://127.0.0.1:0" }).add(
    EchoServiceDefinition,
    echo(),
  );
  await server.start();
  onTestFinished(() => server.close({ graceMs: 0 }));
  const raw = new RawClient(server.address);
  onTestFinished(() => raw.close());
  return { address: server.address, raw };
}

describe("JSON over gRPC", () => {
  test("who asks in JSON is answered in JSON", async () => {
    const { raw } = await serve();
    const answer = await raw.call(unary, frame('{"text":"hello","payload":"AQI="}'), json);
    expect(answer.header["content-type"]).toBe("application/grpc+json");
    expect(answer.status).toBe(Code.OK);
    expect(parsed(answer)).toEqual([expect.objectContaining({ text: "hello", payload: "AQI=" })]);
  });

  test("streams are JSON message by message", async () => {
    const { raw } = await serve();
    const answer = await raw.call(
      "/hawser.test.v1.EchoService/Bidi",
      [frame('{"text":"a","count":2}'), frame('{"text":"b","count":1}')],
      json,
    );
    expect(parsed(answer).map(({ text }) => text)).toEqual(["a", "a", "b"]);
  });

  test("an error in JSON is a gRPC error like any other", async () => {
    const { raw } = await serve();
    const answer = await raw.call(unary, frame('{"failCode":5,"failMessage":"no order 17"}'), json);
    expect(answer).toMatchObject({ status: Code.NOT_FOUND, message: "no order 17", messages: [] });
    expect(answer.header["content-type"]).toBe("application/grpc+json");
  });

  test.each([
    ["", /JSON/],
    ["{", /JSON/],
    ["[]", /expected an object/],
    ["17", /expected an object/],
    ["null", /expected an object/],
    ['{"count":"many"}', /EchoRequest/],
    ['{"count":99999999999}', /EchoRequest/],
    ["\xff", /JSON|EchoRequest/],
  ])("%j, which does not fit the message, is INVALID_ARGUMENT, and the connection lives on", async (body, text) => {
    const { raw } = await serve();
    const answer = await raw.call(unary, frame(Buffer.from(body, "latin1")), json);
    expect({ status: answer.status, message: answer.message }).toEqual({
      status: Code.INVALID_ARGUMENT,
      message: expect.stringMatching(text),
    });
    expect((await raw.call(unary, frame('{"text":"next"}'), json)).status).toBe(Code.OK);
  });

  test("a client whose codec is JSON speaks it on the wire", async () => {
    const seen: unknown[] = [];
    const server = await RawServer.start((stream, fields) => {
      seen.push(fields["content-type"]);
      stream.on("data", (bytes: Buffer) => seen.push(JSON.parse(bytes.subarray(5).toString())));
      stream.on("end", () => {
        stream.respond({ ":status": 200, "content-type": "application/grpc+json" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(frame('{"text":"hello","index":3}'));
      });
    });
    const client = createClient(EchoServiceDefinition, {
      target: server.address,
      transport: grpcJsTransport({ codec: jsonCodec }),
    });
    expect(await client.unary({ text: "hello" })).toMatchObject({ text: "hello", index: 3 });
    expect(seen).toEqual(["application/grpc+json", { text: "hello" }]);
    await server.close();
    await client.close();
  });

  test("client and server understand each other in every shape", async () => {
    const { address } = await serve();
    const client = createClient(EchoServiceDefinition, {
      target: address,
      transport: grpcJsTransport({ codec: jsonCodec }),
    });
    onTestFinished(() => client.close());
    const payload = Buffer.from([0, 1, 255]);
    expect((await client.unary({ payload, text: "☺" })).payload).toEqual(payload);
    expect(await collect(client.serverStream({ count: 3 }))).toHaveLength(3);
    expect((await client.clientStream([{ payload }, { payload }])).payload).toHaveLength(6);
    expect((await collect(client.bidi([{ count: 1, text: "b" }]))).map(({ text }) => text)).toEqual(["b"]);
    expect(await rpcFailure(client.unary({ failCode: 9, failMessage: "no" }))).toMatchObject({
      code: 9,
      message: "no",
    });
  });

  test("a server may be told to understand protobuf only", async () => {
    const { protobufCodec } = await import("../../../src/codec/protobuf.js");
    const { raw } = await serve({ codecs: [protobufCodec] });
    const answer = await raw.call(unary, frame("{}"), json);
    expect(answer).toMatchObject({ status: Code.UNIMPLEMENTED });
    expect(answer.message).toContain('content-type "application/grpc+json": supported are application/grpc+proto');
  });
});
