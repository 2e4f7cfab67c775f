import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RetryBudget } from "../../src/middleware/middleware.js";
import { ManualClock } from "../support/manual-clock.js";

function spend(budget: RetryBudget, times: number): number {
  let allowed = 0;
  for (let n = 0; n < times; n++) if (budget.spend()) allowed++;
  return allowed;
}

describe("a retry budget", () => {
  test("always allows ten a second, over ten seconds", () => {
    expect(spend(new RetryBudget({ clock: new ManualClock() }), 1000)).toBe(100);
  });

  test("allows a fifth of the calls beyond that", () => {
    const budget = new RetryBudget({ clock: new ManualClock() });
    for (let call = 0; call < 1000; call++) budget.record();
    expect(spend(budget, 1000)).toBe(100 + 200);
  });

  test("forgets calls and retries after ten seconds", () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ clock, minPerSecond: 0 });
    for (let call = 0; call < 100; call++) budget.record();
    clock.advance(9000);
    expect(spend(budget, 50)).toBe(20);
    clock.advance(1000);
    expect(spend(budget, 50)).toBe(0);
    for (let call = 0; call < 100; call++) budget.record();
    clock.advance(9000);
    expect(spend(budget, 50)).toBe(20);
    clock.advance(60_000);
    expect(spend(budget, 50)).toBe(0);
  });

  test("never allows more than its share of the last ten seconds, whatever comes", () => {
    const step = fc.record({ waitMs: fc.nat({ max: 3000 }), calls: fc.nat({ max: 30 }), retries: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom(0, 0.1, 0.5),
        fc.constantFrom(0, 1, 3),
        (steps, ratio, minPerSecond) => {
          const clock = new ManualClock();
          const budget = new RetryBudget({ clock, ratio, minPerSecond });
          const history: { readonly second: number; readonly call: boolean }[] = [];
          for (const { waitMs, calls, retries } of steps) {
            clock.advance(waitMs);
            const second = Math.floor(clock.now() / 1000);
            for (let n = 0; n < calls; n++) {
              budget.record();
              history.push({ second, call: true });
            }
            for (let n = 0; n < retries; n++) {
              const recent = history.filter((each) => each.second > second - 10);
              const made = recent.filter(({ call }) => call).length;
              const spent = recent.length - made;
              const expected = spent < minPerSecond * 10 + ratio * made;
              expect(budget.spend()).toBe(expected);
              if (expected) history.push({ second, call: false });
            }
          }
        },
      ),
    );
  });

  test.each<[object, string]>([
    [{ ratio: -0.1 }, "ratio: must be 0 or more, was -0.1"],
    [{ ratio: Number.NaN }, "ratio: must be 0 or more, was NaN"],
    [{ minPerSecond: -1 }, "minPerSecond: must be 0 or more, was -1"],
  ])("%j is refused by name", (options, message) => {
    expect(() => new RetryBudget(options)).toThrow(message);
  });
});
