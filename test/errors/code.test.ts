import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, codeFromNumber, codeName } from "../../src/errors/errors.js";

describe("Code", () => {
  test("has OK and the 16 codes of gRPC under the numbers of the specification", () => {
    // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
    expect(Code).toEqual({
      OK: 0,
      CANCELLED: 1,
      UNKNOWN: 2,
      INVALID_ARGUMENT: 3,
      DEADLINE_EXCEEDED: 4,
      NOT_FOUND: 5,
      ALREADY_EXISTS: 6,
      PERMISSION_DENIED: 7,
      RESOURCE_EXHAUSTED: 8,
      FAILED_PRECONDITION: 9,
      ABORTED: 10,
      OUT_OF_RANGE: 11,
      UNIMPLEMENTED: 12,
      INTERNAL: 13,
      UNAVAILABLE: 14,
      DATA_LOSS: 15,
      UNAUTHENTICATED: 16,
    });
  });

  test("is named by codeName", () => {
    for (const [name, code] of Object.entries(Code)) expect(codeName(code)).toBe(name);
  });

  test("read off the wire is itself where gRPC knows it, and UNKNOWN where not", () => {
    for (const code of Object.values(Code)) expect(codeFromNumber(code)).toBe(code);
    const known = new Set<number>(Object.values(Code));
    const strange = fc.oneof(fc.double(), fc.integer()).filter((value) => !known.has(value));
    fc.assert(
      fc.property(strange, (value) => {
        expect(codeFromNumber(value)).toBe(Code.UNKNOWN);
      }),
      { examples: [[-1], [17], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY]] },
    );
  });
});
