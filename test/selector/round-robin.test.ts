import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundRobin } from "../../src/selector/round-robin.js";
import type { Selector } from "../../src/selector/selector.js";
import { selectorConformance } from "../conformance/selector.js";
import { avoiding, countBy, instance, instances, seeded, unary } from "./fixtures.js";

selectorConformance({ name: "roundRobin", make: ({ random }) => roundRobin({ random }) });

const turns = (selector: Selector, calls: number): string[] =>
  Array.from({ length: calls }, () => selector.pick(unary)?.instance.id as string);

/** How far apart are the turns of the luckiest and the unluckiest of `ids`. */
function spread(ids: readonly string[], order: readonly string[]): number {
  const counts = countBy(order);
  const each = ids.map((id) => counts.get(id) ?? 0);
  return Math.max(...each) - Math.min(...each);
}

describe("roundRobin", () => {
  test("is fair within one turn at every moment, whoever came and went before", () => {
    const sets = fc.array(
      fc.record({ ids: fc.uniqueArray(fc.nat(15), { minLength: 1, maxLength: 12 }), calls: fc.nat(40) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(sets, fc.integer(), (changes, seed) => {
        const selector = roundRobin({ random: seeded(seed) })();
        for (const { ids, calls } of changes) {
          selector.update(ids.map((id) => instance(`i${id}`)));
          const order = turns(selector, calls);
          for (let end = 1; end <= order.length; end++) {
            for (const start of [0, Math.max(0, end - ids.length), end >> 1]) {
              expect(
                spread(
                  ids.map((id) => `i${id}`),
                  order.slice(start, end),
                ),
              ).toBeLessThanOrEqual(1);
            }
          }
        }
      }),
    );
  });

  test("is fair within one turn after a long time of coming and going", () => {
    const step = fc.record({ calls: fc.integer({ min: 1, max: 3 }), leaves: fc.boolean(), joins: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 100 }), fc.integer(), (steps, seed) => {
        const selector = roundRobin({ random: seeded(seed) })();
        let ids = ["a", "b", "c"];
        selector.update(ids.map((id) => instance(id)));
        for (const [index, { calls, leaves, joins }] of steps.entries()) {
          const last = turns(selector, calls).at(-1);
          if (leaves && ids.length > 1) ids = ids.filter((id) => id !== last);
          if (joins && ids.length < 10) ids = [...ids, `joined${index}`];
          selector.update(ids.map((id) => instance(id)));
        }
        expect(spread(ids, turns(selector, ids.length))).toBe(0);
      }),
    );
  });

  test("gives exactly the turns of the weights in each full round", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.integer(), (each, seed) => {
        const selector = roundRobin({ random: seeded(seed) })();
        selector.update(each.map((weight, index) => instance(`i${index}`, { weight })));
        const round = each.reduce((sum, weight) => sum + weight, 0);
        const counts = countBy(turns(selector, round * 10));
        for (const [index, weight] of each.entries()) {
          expect(Math.abs((counts.get(`i${index}`) ?? 0) - weight * 10)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("spreads the turns of a heavy instance over the round", () => {
    const selector = roundRobin({ random: () => 0 })();
    selector.update([instance("a", { weight: 500 }), instance("b"), instance("c")]);
    expect(turns(selector, 7).join("")).toBe("aabacaa");
  });

  test("does not let every client begin with the same instance", () => {
    const first = Array.from({ length: 300 }, (_, seed) => {
      const selector = roundRobin({ random: seeded(seed) })();
      selector.update(instances(3));
      return selector.pick(unary)?.instance.id;
    });
    for (const count of countBy(first).values()) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  test("takes the next where it is his turn who is to be avoided, who loses nothing but that turn", () => {
    const selector = roundRobin({ random: () => 0 })();
    selector.update(instances(3));
    expect(turns(selector, 3)).toEqual(["i0", "i1", "i2"]);
    expect(selector.pick(avoiding("i0"))?.instance.id).toBe("i1");
    expect(turns(selector, 6).filter((id) => id === "i0")).toHaveLength(2);
  });
});
