import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BadRequest,
  Code,
  DebugInfo,
  type DetailInit,
  type DetailType,
  decodeStatusDetails,
  detail,
  ErrorInfo,
  encodeStatusDetails,
  Help,
  LocalizedMessage,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
  RpcError,
} from "../../src/errors/errors.js";
import { Status } from "../../src/gen/google/rpc/status.js";

function sample<T>(type: DetailType<T>, message: DetailInit<T>) {
  return { name: type.$type, type: type as DetailType<unknown>, message: message as DetailInit<unknown> };
}

const samples = [
  sample(ErrorInfo, { reason: "SOLD_OUT", domain: "shop.example.com", metadata: { sku: "rope-12", left: "0" } }),
  sample(RetryInfo, { retryDelay: { seconds: 3n, nanos: 500_000_000 } }),
  sample(DebugInfo, { stackEntries: ["at a", "at b"], detail: "x = 3" }),
  sample(QuotaFailure, { violations: [{ subject: "tenant:1", description: "100 calls a day" }] }),
  sample(PreconditionFailure, { violations: [{ type: "TOS", subject: "you", description: "not accepted" }] }),
  sample(BadRequest, { fieldViolations: [{ field: "sku", description: "must not be empty" }] }),
  sample(RequestInfo, { requestId: "r-1", servingData: "shard 7" }),
  sample(ResourceInfo, { resourceType: "order", resourceName: "17", owner: "me", description: "gone" }),
  sample(Help, { links: [{ description: "how to", url: "https://example.com" }] }),
  sample(LocalizedMessage, { locale: "de-DE", message: "ausverkauft: Tau, 12 m ⚓" }),
];

describe("the details of google.rpc", () => {
  test.each(samples)("$name crosses the wire and is read as it was built", ({ name, type, message }) => {
    const sent = new RpcError(Code.UNAVAILABLE, "later", { details: [detail(type, message)] });
    const received = new RpcError(Code.UNAVAILABLE, "later", {
      details: decodeStatusDetails(encodeStatusDetails(sent.code, sent.message, sent.details)),
      remote: true,
    });
    expect(received.details.map((each) => each.type)).toEqual([name]);
    expect(received.detail(type)).toEqual(type.fromPartial(message));
    expect(received.detail(type)).toMatchObject(message as object);
  });

  test("cross in their order, all of them", () => {
    const details = samples.map(({ type, message }) => detail(type, message));
    const received = decodeStatusDetails(encodeStatusDetails(Code.INTERNAL, "x", details));
    expect(received.map((each) => each.type)).toEqual(samples.map(({ name }) => name));
  });

  test("travel as any gRPC library expects them: a google.rpc.Status of packed messages", () => {
    const bytes = encodeStatusDetails(Code.NOT_FOUND, "no order 17", [detail(ErrorInfo, { reason: "GONE" })]);
    const status = Status.decode(bytes);
    expect(status).toMatchObject({ code: 5, message: "no order 17" });
    expect(status.details.map((each) => each.typeUrl)).toEqual(["type.googleapis.com/google.rpc.ErrorInfo"]);
    expect(ErrorInfo.decode(status.details[0]?.value as Uint8Array).reason).toBe("GONE");
  });

  test("are known by the name of their message whatever host their address has", () => {
    const packed = { typeUrl: "types.example.com/a/b/shop.v1.SoldOut", value: Buffer.of(1) };
    const bytes = Status.encode({ code: 5, message: "", details: [packed] }).finish();
    expect(decodeStatusDetails(bytes)).toMatchObject([{ type: "shop.v1.SoldOut" }]);
  });
});

describe("decodeStatusDetails", () => {
  test("gives no details for bytes that are no status, and never throws", () => {
    expect(decodeStatusDetails(Uint8Array.of(0xff, 0xff, 0xff))).toEqual([]);
    expect(decodeStatusDetails(new Uint8Array())).toEqual([]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Array.isArray(decodeStatusDetails(bytes))).toBe(true);
      }),
    );
  });

  test("survives the details of a peer cut short anywhere", () => {
    const whole = encodeStatusDetails(
      Code.INTERNAL,
      "x",
      samples.map(({ type, message }) => detail(type, message)),
    );
    for (let length = 0; length < whole.length; length++) {
      const details = decodeStatusDetails(whole.subarray(0, length));
      expect(details.length).toBeLessThan(samples.length);
    }
  });

  test("keeps nothing of the bytes it was given", () => {
    const bytes = encodeStatusDetails(Code.INTERNAL, "x", [detail(ErrorInfo, { reason: "GONE" })]);
    const details = decodeStatusDetails(bytes);
    bytes.fill(0);
    expect(new RpcError(Code.INTERNAL, "x", { details }).detail(ErrorInfo)?.reason).toBe("GONE");
  });
});
