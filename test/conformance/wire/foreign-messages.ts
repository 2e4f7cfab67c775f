import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { frame } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { answer, ClientStage, response } from "./client-stage.js";
import { teller } from "./story.js";

/** Responses that are none, too many, or too large. */
export function foreignMessages(suite: WireSuiteOptions): void {
  const stage = new ClientStage(suite);
  const story = teller(suite);

  test("bytes that are no protobuf are INTERNAL and name the type", async () => {
    await stage.expectEnd(
      (stream) => answer(stream, [frame(Buffer.from([0x0a, 0xff, 0xff]))]),
      Code.INTERNAL,
      false,
      /the response is no hawser\.test\.v1\.EchoResponse/,
    );
  });

  test("a length beyond the limit is RESOURCE_EXHAUSTED before anything of it is here", async () => {
    await stage.expectEnd(
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(frame("", 0, 0xffffffff));
      },
      Code.RESOURCE_EXHAUSTED,
      false,
      /larger than max/,
    );
  });

  story("an answer that breaks off within a message is INTERNAL, whatever its status says", async () => {
    const whole = frame(response({ text: "cut off" }));
    for (const bytes of [whole.subarray(0, 3), whole.subarray(0, 9)]) {
      await stage.expectEnd((stream) => answer(stream, [bytes]), Code.INTERNAL, false, /broke off|incomplete/);
    }
  });

  story("a prefix with a flag nobody knows is INTERNAL", async () => {
    await stage.expectEnd((stream) => answer(stream, [frame(response(), 2)]), Code.INTERNAL, false, /flag/);
  });

  test("an answer of nothing to a unary call is an error", async () => {
    const client = await stage.clientOf((stream) => answer(stream));
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
    expect(await rpcFailure(client.clientStream([{}]))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
  });

  test("two answers to a unary call are an error", async () => {
    const client = await stage.clientOf((stream) => answer(stream, [frame(response()), frame(response())]));
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
    expect(await rpcFailure(client.clientStream([{}]))).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("%s is understood", async (encoding, compress) => {
    const client = await stage.clientOf((stream) =>
      answer(stream, [frame(compress(response({ text: "small" })), 1)], undefined, { "grpc-encoding": encoding }),
    );
    expect((await client.unary({})).text).toBe("small");
    expect((await collect(client.serverStream({}))).map(({ text }) => text)).toEqual(["small"]);
  });

  test.each(["gzip", "deflate"])("bytes that are no %s are INTERNAL", async (encoding) => {
    await stage.expectEnd(
      (stream) => answer(stream, [frame("never compressed", 1)], undefined, { "grpc-encoding": encoding }),
      Code.INTERNAL,
      false,
      /decompress|not valid (gzip|deflate)/,
    );
  });

  test.each([{}, { "grpc-encoding": "identity" }])("the compressed flag with header %j is INTERNAL", async (header) => {
    await stage.expectEnd(
      (stream) => answer(stream, [frame(gzipSync(response()), 1)], undefined, header),
      Code.INTERNAL,
      false,
      /compressed/,
    );
  });

  test("an encoding nobody knows is INTERNAL", async () => {
    await stage.expectEnd(
      (stream) => answer(stream, [frame("x", 1)], undefined, { "grpc-encoding": "snappy" }),
      Code.INTERNAL,
      false,
      /compress/,
    );
  });

  test("a bomb does not unfold", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    await stage.expectEnd(
      (stream) => answer(stream, [frame(bomb, 1)], undefined, { "grpc-encoding": "gzip" }),
      Code.RESOURCE_EXHAUSTED,
      false,
      /decompresses to (a size larger|more) than 4194304/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });
}
