import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { BadRequest, Code, detail, ErrorInfo, RpcError } from "../../src/errors/errors.js";

describe("RpcError", () => {
  test("carries code, message and nothing else unless told", () => {
    const error = new RpcError(Code.NOT_FOUND, "no order 17");
    expect(error).toMatchObject({ code: 5, message: "no order 17", details: [], remote: false, unprocessed: false });
    expect("cause" in error).toBe(false);
    expect(error.errorId).toBeUndefined();
  });

  test("reads well in a log", () => {
    const error = new RpcError(Code.NOT_FOUND, "no order 17", { cause: new Error("table orders is empty") });
    expect(String(error)).toBe("NOT_FOUND: no order 17");
    expect(inspect(error)).toContain("no order 17");
    expect(inspect(error)).toContain("table orders is empty");
    expect(error.stack).toContain("rpc-error.test.ts");
  });

  test("is an Error to those who know no better", () => {
    expect(new RpcError(Code.INTERNAL, "x") instanceof Error).toBe(true);
  });

  test.each([0, -1, 17, 3.5, Number.NaN])("of code %d is UNKNOWN, for no failure may look like success", (code) => {
    expect(new RpcError(code as Code, "x").code).toBe(Code.UNKNOWN);
  });

  test("is recognised by another copy of Hawser in the same process", async () => {
    vi.resetModules();
    const other = await import("../../src/errors/errors.js");
    expect(other.RpcError).not.toBe(RpcError);
    const theirs = new other.RpcError(Code.ABORTED, "theirs");
    expect(theirs instanceof RpcError).toBe(true);
    expect(new RpcError(Code.ABORTED, "ours") instanceof other.RpcError).toBe(true);
    expect(RpcError.from(theirs)).toBe(theirs);
  });

  test("is not taken for anything else", () => {
    const strangers = [null, undefined, 5, "RpcError", {}, new Error("x"), { code: 5 }, { name: "RpcError" }, () => {}];
    for (const stranger of strangers) expect(stranger instanceof RpcError).toBe(false);
  });

  test("lets a subclass tell its own from the rest", () => {
    class StockError extends RpcError {}
    const own = new StockError(Code.FAILED_PRECONDITION, "sold out");
    expect(own instanceof StockError).toBe(true);
    expect(own instanceof RpcError).toBe(true);
    expect(new RpcError(Code.FAILED_PRECONDITION, "sold out") instanceof StockError).toBe(false);
  });
});

describe("RpcError.detail", () => {
  const violation = { field: "sku", description: "must not be empty" };

  test("reads the first detail of a type", () => {
    const error = new RpcError(Code.INVALID_ARGUMENT, "sku is empty", {
      details: [
        detail(ErrorInfo, { reason: "FIRST" }),
        detail(BadRequest, { fieldViolations: [violation] }),
        detail(ErrorInfo, { reason: "SECOND" }),
      ],
    });
    expect(error.detail(BadRequest)?.fieldViolations).toMatchObject([violation]);
    expect(error.detail(ErrorInfo)?.reason).toBe("FIRST");
  });

  test("is undefined where there is none, or where its bytes do not parse", () => {
    expect(new RpcError(Code.INTERNAL, "x").detail(BadRequest)).toBeUndefined();
    const broken = { type: BadRequest.$type, value: Uint8Array.of(0x0a, 0xff) };
    expect(new RpcError(Code.INTERNAL, "x", { details: [broken] }).detail(BadRequest)).toBeUndefined();
  });
});

describe("RpcError.from", () => {
  test("leaves an RpcError as it is", () => {
    const error = new RpcError(Code.NOT_FOUND, "no order 17", { remote: true });
    expect(RpcError.from(error)).toBe(error);
  });

  test("takes an abort for a cancelled call", () => {
    const controller = new AbortController();
    controller.abort();
    const error = RpcError.from(controller.signal.reason);
    expect(error).toMatchObject({ code: Code.CANCELLED, message: "the call was cancelled" });
    expect(error.cause).toBe(controller.signal.reason);
  });

  test.each([
    ["an error", new Error("password is hunter2")],
    ["an error with a code of its own", Object.assign(new Error("password is hunter2"), { code: 5 })],
    ["a text", "password is hunter2"],
    ["an object", { password: "hunter2" }],
    ["nothing", undefined],
    ["null", null],
  ])("makes UNKNOWN of %s, says nothing of it and keeps it as the cause", (_what, reason) => {
    const error = RpcError.from(reason);
    expect(error.code).toBe(Code.UNKNOWN);
    expect(error.message).toBe(`unknown error (error id ${error.errorId})`);
    expect(error.errorId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(error.cause).toBe(reason);
    expect(error.details).toEqual([]);
  });

  test("gives every unknown failure an id of its own", () => {
    const reason = new Error("x");
    expect(RpcError.from(reason).errorId).not.toBe(RpcError.from(reason).errorId);
  });
});
