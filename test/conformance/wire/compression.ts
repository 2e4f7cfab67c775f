import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { frame, RawClient } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { clientStream, decoded, hello, request, ServerStage, unary } from "./server-stage.js";

/** Messages that are compressed, or say so. */
export function compression(suite: WireSuiteOptions): void {
  const stage = new ServerStage(suite);

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("%s is understood", async (encoding, compress) => {
    const answer = await stage.client.call(unary, frame(compress(request({ text: "small" })), 1), {
      "grpc-encoding": encoding,
    });
    expect(decoded(answer)).toMatchObject([{ text: "small" }]);
  });

  test("a message may stay as it is where others are compressed", async () => {
    const answer = await stage.client.call(clientStream, [hello, frame(gzipSync(request()), 1), hello], {
      "grpc-encoding": "gzip",
    });
    expect(decoded(answer)).toMatchObject([{ requests: 3 }]);
  });

  // grpc-js ignores the flag then and hands on the bytes: there it is they that do not fit.
  test.each([undefined, "identity"])("the compressed flag with grpc-encoding %s is INTERNAL", async (encoding) => {
    await stage.expectRefusal(
      stage.client.call(unary, frame(gzipSync(request()), 1), { "grpc-encoding": encoding }),
      Code.INTERNAL,
      /the request is no hawser\.test\.v1\.EchoRequest|compressed message/,
    );
  });

  test("an encoding nobody knows is UNIMPLEMENTED, and the answer says which are known", async () => {
    const call = stage.client.call(unary, frame("x", 1), { "grpc-encoding": "snappy" });
    await stage.expectRefusal(call, Code.UNIMPLEMENTED, /snappy/);
    expect((await call).header["grpc-accept-encoding"]).toContain("gzip");
  });

  test.each(["gzip", "deflate"])("bytes that are no %s are INTERNAL", async (encoding) => {
    await stage.expectRefusal(
      stage.client.call(unary, frame("this was never compressed", 1), { "grpc-encoding": encoding }),
      Code.INTERNAL,
      /decompress|not valid (gzip|deflate)/,
    );
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("a bomb of %s does not unfold", async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(256 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    await stage.expectRefusal(
      stage.client.call(unary, frame(bomb, 1), { "grpc-encoding": encoding }),
      Code.RESOURCE_EXHAUSTED,
      /decompresses to (a size larger|more) than 4194304/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  test("answers are compressed only for those who understand it", async () => {
    const compressing = createServer({
      transport: suite.transport({ compression: "gzip", compressMinBytes: 10 }),
      address: "grpc://127.0.0.1:0",
    }).add(EchoServiceDefinition, echo());
    await compressing.start();
    const other = new RawClient(compressing.address);
    const large = frame(request({ text: "x".repeat(1000) }));
    for (const [accepted, compressed] of [
      [undefined, false],
      ["identity", false],
      ["identity,deflate", false],
      ["identity, gzip", true],
    ] as const) {
      const answer = await other.call(unary, large, { "grpc-accept-encoding": accepted });
      expect(answer.messages.map((each) => each.compressed)).toEqual([compressed]);
      expect(answer.header["grpc-encoding"]).toBe(compressed ? "gzip" : "identity");
    }
    const small = await other.call(unary, frame(request({ text: "x" })), { "grpc-accept-encoding": "gzip" });
    expect(small.messages.map((each) => each.compressed)).toEqual([false]);
    await other.close();
    await compressing.close({ graceMs: 0 });
  });
}
