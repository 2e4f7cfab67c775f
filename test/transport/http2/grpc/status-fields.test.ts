import { describe, expect, test } from "vitest";
import { Metadata } from "../../../../src/contract/contract.js";
import { Code, detail, ErrorInfo, RpcError } from "../../../../src/errors/errors.js";
import { statusFields } from "../../../../src/transport/http2/grpc/status-fields.js";
import { listBytes } from "../../../../src/transport/http2/hpack/hpack.js";

const details = [detail(ErrorInfo, { reason: "x".repeat(300) })];
const error = new RpcError(Code.NOT_FOUND, "none of that name ".repeat(20), { details, retryPushbackMs: 17 });
const trailer = new Metadata([["x-shard", "7"]]);
const names = (fields: readonly string[]) => fields.filter((_, at) => at % 2 === 0);

describe("how a call failed, as header fields", () => {
  test("is all that there is, where the caller takes it", () => {
    const fields = statusFields(error, trailer, Number.POSITIVE_INFINITY);
    expect(names(fields)).toEqual([
      "grpc-status",
      "grpc-retry-pushback-ms",
      "x-shard",
      "grpc-message",
      "grpc-status-details-bin",
    ]);
    expect(statusFields(error, trailer, listBytes(fields))).toEqual(fields);
  });

  test("goes without its details first, then without the end of its text", () => {
    const whole = statusFields(error, trailer, Number.POSITIVE_INFINITY);
    const withoutDetails = statusFields(error, trailer, listBytes(whole) - 1);
    expect(withoutDetails).toEqual(whole.slice(0, 8));
    const cut = statusFields(error, trailer, listBytes(withoutDetails) - 1);
    expect(names(cut)).toEqual(names(withoutDetails));
    expect(cut.at(-1)).toMatch(/^none of that name .*%E2%80%A6$/);
  });

  test("keeps its code whatever the caller takes, and is never more than that", () => {
    for (let maxBytes = 200; maxBytes < 1200; maxBytes += 7) {
      const fields = statusFields(error, trailer, maxBytes);
      expect(fields.slice(0, 2)).toEqual(["grpc-status", "5"]);
      expect(listBytes(fields)).toBeLessThanOrEqual(maxBytes);
    }
    expect(statusFields(error, trailer, 0).slice(0, 2)).toEqual(["grpc-status", "5"]);
  });
});
