import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exponentialBackoff } from "../../src/time/time.js";

const options = fc.record({
  initialMs: fc.integer({ min: 0, max: 10_000 }),
  maxMs: fc.integer({ min: 0, max: 100_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
});
const failures = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 31 }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("exponentialBackoff", () => {
  test("doubles up to the limit", () => {
    const backoff = exponentialBackoff({ initialMs: 100, maxMs: 5000, random: () => 0.5, jitter: "equal" });
    expect([1, 2, 3, 4, 5, 6, 7, 8, 1000].map(backoff)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  test("grows by the factor it is given", () => {
    const backoff = exponentialBackoff({ initialMs: 10, maxMs: 5000, factor: 3, random: () => 0.5, jitter: "equal" });
    expect([1, 2, 3].map(backoff)).toEqual([10, 30, 90]);
  });

  test("waits anything from nothing to the whole by default", () => {
    const at = (value: number) => exponentialBackoff({ initialMs: 100, maxMs: 5000, random: () => value })(3);
    expect([0, 0.25, 0.5].map(at)).toEqual([0, 100, 200]);
  });

  test("with full jitter stays between nothing and the wait, however many failures", () => {
    fc.assert(
      fc.property(options, failures, chance, (each, count, value) => {
        const wait = exponentialBackoff({ ...each, random: () => value })(count);
        const grown = each.initialMs === 0 ? 0 : each.initialMs * each.factor ** (count - 1);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(each.maxMs, grown));
      }),
    );
  });

  test("with equal jitter stays within a fifth of the wait, however many failures", () => {
    fc.assert(
      fc.property(options, failures, chance, (each, count, value) => {
        const wait = exponentialBackoff({ ...each, jitter: "equal", random: () => value })(count);
        const whole = exponentialBackoff({ ...each, jitter: "equal", random: () => 0.5 })(count);
        expect(wait).toBeGreaterThanOrEqual(whole * 0.8 - 1e-6);
        expect(wait).toBeLessThanOrEqual(whole * 1.2 + 1e-6);
        expect(wait).toBeLessThanOrEqual(each.maxMs * 1.2 + 1e-6);
      }),
    );
  });
});
