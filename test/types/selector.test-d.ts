import { describe, expectTypeOf, test } from "vitest";
import { leastLoaded } from "../../src/selector/least-loaded.js";
import { randomSelector } from "../../src/selector/random.js";
import { roundRobin } from "../../src/selector/round-robin.js";
import type { Selector, SelectorFactory } from "../../src/selector/selector.js";

describe("a selector option", () => {
  test("is what a selector's function gives, with or without options", () => {
    expectTypeOf(roundRobin()).toEqualTypeOf<SelectorFactory>();
    expectTypeOf(randomSelector({ random: Math.random })).toEqualTypeOf<SelectorFactory>();
    expectTypeOf(leastLoaded({ decayMs: 5000 })).toEqualTypeOf<SelectorFactory>();
    expectTypeOf<() => Selector>().toEqualTypeOf<SelectorFactory>();
  });

  test("is not the function itself", () => {
    expectTypeOf(roundRobin).not.toExtend<SelectorFactory>();
    expectTypeOf(leastLoaded).not.toExtend<SelectorFactory>();
  });

  test("has no options that do not exist", () => {
    // @ts-expect-error no such option
    leastLoaded({ decay: 5000 });
  });
});
