import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSelector } from "../../src/selector/random.js";
import type { Pick } from "../../src/selector/selector.js";
import { selectorConformance } from "../conformance/selector.js";
import { avoiding, countBy, instance, instances, ok, seeded, unary } from "./fixtures.js";

selectorConformance({ name: "random", make: ({ random }) => randomSelector({ random }) });

describe("randomSelector", () => {
  test("chooses everybody equally often", () => {
    const selector = randomSelector({ random: seeded(7) })();
    selector.update(instances(10));
    const counts = countBy(Array.from({ length: 100_000 }, () => selector.pick(unary)?.instance.id));
    expect(counts.size).toBe(10);
    // Four standard deviations of a binomial of 100,000 draws at 1/10.
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(380);
  });

  test("chooses by weight among those not to be avoided", () => {
    const selector = randomSelector({ random: seeded(7) })();
    selector.update([instance("a", { weight: 900 }), instance("b", { weight: 300 }), instance("c")]);
    const counts = countBy(Array.from({ length: 40_000 }, () => selector.pick(avoiding("a"))?.instance.id));
    expect([...counts.keys()].sort()).toEqual(["b", "c"]);
    expect(Math.abs((counts.get("b") as number) - 30_000)).toBeLessThan(350);
  });

  test("stays in the set at both ends of chance", () => {
    const extreme = fc.constantFrom(0, 1 - 2 ** -53);
    const weights = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(extreme, weights, (value, each) => {
        const selector = randomSelector({ random: () => value })();
        selector.update(each.map((weight, index) => instance(`i${index}`, { weight })));
        const end = value === 0 ? "i0" : `i${each.length - 1}`;
        expect(selector.pick(unary)?.instance.id).toBe(end);
        expect(selector.pick(avoiding("nobody"))?.instance.id).toBe(end);
      }),
    );
  });

  test("gives each its half-open share of chance, so that no end counts twice", () => {
    const selector = randomSelector({ random: () => 0.5 })();
    selector.update(instances(2));
    expect(selector.pick(unary)?.instance.id).toBe("i1");
    expect(selector.pick(avoiding("nobody"))?.instance.id).toBe("i1");
  });

  test("makes nothing for a call: the same pick serves again", () => {
    const selector = randomSelector({ random: () => 0 })();
    selector.update(instances(2));
    const pick = selector.pick(unary) as Pick;
    pick.done(ok);
    expect(selector.pick(unary)).toBe(pick);
  });
});
