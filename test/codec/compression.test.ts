import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CompressionName, compress, decompress, supportedCompressions } from "../../src/codec/compression.js";
import { Code, RpcError } from "../../src/errors/errors.js";

const names: readonly CompressionName[] = ["gzip", "deflate"];
const mebibyte = 2 ** 20;

async function refusal(promise: Promise<unknown>): Promise<RpcError> {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof RpcError) return reason;
  throw new Error("was not refused with an RpcError", { cause: reason });
}

test("what is offered to peers is what is there, and no compression", () => {
  expect([...supportedCompressions].sort()).toEqual(["identity", ...names].sort());
});

describe.each(names)("%s", (name) => {
  test("gives back any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const unfolded = await decompress(name, await compress(name, bytes), mebibyte);
        expect(unfolded.equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("makes a megabyte of zeros small", async () => {
    expect((await compress(name, new Uint8Array(mebibyte))).byteLength).toBeLessThan(mebibyte / 100);
  });

  test("allows a message of exactly the limit, and not one byte more", async () => {
    const folded = await compress(name, new Uint8Array(1000));
    expect((await decompress(name, folded, 1000)).byteLength).toBe(1000);
    const error = await refusal(decompress(name, folded, 999));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.message).toBe("the message decompresses to more than 999 bytes");
  });

  test("has no limit where it is given none", async () => {
    const folded = await compress(name, new Uint8Array(1000));
    expect((await decompress(name, folded, Number.POSITIVE_INFINITY)).byteLength).toBe(1000);
  });

  test("stops a bomb at the limit, long before it has unfolded", async () => {
    const bomb = await compress(name, new Uint8Array(128 * mebibyte));
    const before = process.memoryUsage();
    let peak = 0;
    const watch = setInterval(() => {
      const { external, arrayBuffers } = process.memoryUsage();
      peak = Math.max(peak, external - before.external, arrayBuffers - before.arrayBuffers);
    }, 1);
    try {
      const error = await refusal(decompress(name, bomb, 4 * mebibyte));
      expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
      expect(peak).toBeLessThan(48 * mebibyte);
    } finally {
      clearInterval(watch);
    }
  });

  test("refuses bytes that are not compressed so, whatever they are", async () => {
    const error = await refusal(decompress(name, Buffer.from("this is no compressed message"), mebibyte));
    expect(error.code).toBe(Code.INTERNAL);
    expect(error.message).toBe(`the message is not valid ${name}`);
    expect(error.cause).toBeInstanceOf(Error);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const result = await decompress(name, bytes, mebibyte).catch((reason: unknown) => reason);
        expect(result instanceof Buffer || (result as RpcError).code === Code.INTERNAL).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("refuses a message cut short", async () => {
    const folded = await compress(name, Buffer.from("a message that is long enough to be cut anywhere"));
    for (const length of [0, 1, 5, folded.length - 1]) {
      expect((await refusal(decompress(name, folded.subarray(0, length), mebibyte))).code).toBe(Code.INTERNAL);
    }
  });
});

describe("decompress", () => {
  test.each(["identity", "snappy", "", "GZIP", "__proto__", "constructor", "toString"])(
    "refuses the unknown compression %j and says which are known",
    async (name) => {
      const error = await refusal(decompress(name, gzipSync("x"), mebibyte));
      expect(error.code).toBe(Code.UNIMPLEMENTED);
      expect(error.message).toBe(`compression "${name}" is not supported; supported: identity, deflate, gzip`);
    },
  );
});
