import { describe, expectTypeOf, test } from "vitest";
import { BadRequest, Code, type CodeName, detail, RetryInfo, RpcError } from "../../src/errors/errors.js";
import { EchoResponse } from "../gen/hawser/test/v1/echo.js";

describe("RpcError", () => {
  const error = new RpcError(Code.NOT_FOUND, "no order 17");

  test("reads a detail by its type, of google.rpc or of one's own", () => {
    expectTypeOf(error.detail(BadRequest)).toEqualTypeOf<BadRequest | undefined>();
    expectTypeOf(error.detail(EchoResponse)).toEqualTypeOf<EchoResponse | undefined>();
  });

  test("is built of partial details that fit their type", () => {
    expectTypeOf(detail(RetryInfo, { retryDelay: { seconds: 3n } }))
      .toHaveProperty("type")
      .toBeString();
    // @ts-expect-error no such field
    detail(RetryInfo, { retryIn: 3 });
    // @ts-expect-error a 64-bit number is a bigint
    detail(RetryInfo, { retryDelay: { seconds: 3 } });
  });

  test("has a code that is one of the 17, and of no other number", () => {
    expectTypeOf(error.code).toEqualTypeOf<Code>();
    expectTypeOf<CodeName>().toExtend<string>();
    // @ts-expect-error no such code
    new RpcError(17, "x");
    // @ts-expect-error no such name
    Code.NOT_THERE;
  });
});
