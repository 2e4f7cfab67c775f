import { type Context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivable, rootOfCalls } from "../../src/telemetry/linked-context.js";

const keys = Array.from({ length: 5 }, (_, index) => createContextKey(`key ${index}`));

describe("a context of calls", () => {
  it("holds what the API's own would, however it was derived, and is never changed", () => {
    const step = fc.record({ from: fc.nat(40), key: fc.constantFrom(...keys), value: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const made: { readonly ours: Context; readonly theirs: Context }[] = [
          { ours: rootOfCalls, theirs: ROOT_CONTEXT },
        ];
        for (const { from, key, value } of steps) {
          const { ours, theirs } = made[from % made.length] as { ours: Context; theirs: Context };
          made.push(
            value === null
              ? { ours: ours.deleteValue(key), theirs: theirs.deleteValue(key) }
              : { ours: ours.setValue(key, value), theirs: theirs.setValue(key, value) },
          );
        }
        for (const { ours, theirs } of made) {
          for (const key of keys) expect(ours.getValue(key)).toBe(theirs.getValue(key));
        }
      }),
    );
  });

  it("does not grow with every value that replaces another", () => {
    const [key, other] = keys as [symbol, symbol];
    let context = rootOfCalls.setValue(other, "kept");
    for (let value = 0; value < 100_000; value++) context = context.setValue(key, value);
    // An endless chain would be an endless recursion.
    expect(context.getValue(key)).toBe(99_999);
    expect(context.getValue(other)).toBe("kept");
    expect(context.getValue(createContextKey("none"))).toBeUndefined();
  });

  it("is the root's stand-in, and nobody else's", () => {
    expect(derivable(ROOT_CONTEXT)).toBe(rootOfCalls);
    const other = ROOT_CONTEXT.setValue(keys[0] as symbol, 1);
    expect(derivable(other)).toBe(other);
  });
});
