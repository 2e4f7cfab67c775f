import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPath, parsePath } from "../../../src/server/recording/field-path.js";

describe("the path of a field", () => {
  it.each([
    ["payment.cardNumber", ["payment", "cardNumber"]],
    ["lines[0].note", ["lines", 0, "note"]],
    ["[1].payment", [1, "payment"]],
    ['byPayer["a b"].cents', ["byPayer", "a b", "cents"]],
    ['byPayer["17"]', ["byPayer", "17"]],
  ])("is written %s", (text, path) => {
    expect(formatPath(path)).toBe(text);
    expect(parsePath(text)).toEqual(path);
  });

  it("is read as it was written, whatever stands in it", () => {
    const path = fc.array(fc.oneof(fc.string(), fc.nat()), { minLength: 1 });
    fc.assert(
      fc.property(path, (each) => {
        expect(parsePath(formatPath(each))).toEqual(each);
      }),
    );
  });

  it.each(["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a b", "a[0]b", 'a["b"]c', "1a"])("is not %s", (text) => {
    expect(() => parsePath(text)).toThrow("is no field; expected something like payment.card or lines[0].note");
  });
});
