import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { Load, UsualLatency } from "../../src/selector/load.js";
import type { Outcome } from "../../src/selector/selector.js";
import { broken, ok } from "./fixtures.js";

const cancelled: Outcome = { code: Code.CANCELLED, failed: false };

describe("Load", () => {
  test("comes to zero calls in flight once all have ended, in whatever order and however", () => {
    const call = fc.record({
      timed: fc.boolean(),
      ms: fc.double({ min: 0, max: 60_000, noNaN: true }),
      outcome: fc.constantFrom(ok, broken, cancelled, { code: Code.INTERNAL, failed: false }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        const load = new Load(10_000, new UsualLatency());
        for (const { timed } of calls) load.begin(timed);
        const endings = [...calls].sort((a, b) => a.ms - b.ms);
        for (const { timed, ms, outcome } of endings) load.end(timed, ms, outcome, ms);
        const now = 60_000;
        // The weight divides the queue alone: an empty one costs the same whatever it is divided by.
        expect(load.cost(1, now)).toBe(load.cost(1000, now));
        expect(load.cost(100, now)).toBeGreaterThanOrEqual(0);
        load.begin(true);
        expect(load.cost(1, now)).toBeGreaterThan(load.cost(1000, now));
      }),
    );
  });

  const now = 0;
  const end = (load: Load, ms: number, outcome: Outcome, at = now, timed = true): void => {
    load.begin(timed);
    load.end(timed, ms, outcome, at);
  };

  test("goes up to a slower answer at once, and forgets it by two thirds in each decay time", () => {
    const load = new Load(10_000, new UsualLatency());
    end(load, 10, ok);
    expect(load.cost(100, 0)).toBe(10);
    end(load, 50, ok);
    expect(load.cost(100, 0)).toBe(50);
    expect(load.cost(100, 10_000)).toBeCloseTo(50 / Math.E);
    end(load, 10, ok, 10_000);
    expect(load.cost(100, 10_000)).toBeCloseTo(10 + 40 / Math.E);
    load.begin(true);
    expect(load.cost(100, 10_000)).toBeCloseTo(2 * (10 + 40 / Math.E));
  });

  test("takes a failure for ten times the usual latency, and failure after failure for a thousand times at most", () => {
    const usual = new UsualLatency();
    usual.observe(20);
    const load = new Load(10_000, usual);
    const costs = Array.from({ length: 5 }, () => {
      end(load, 0.1, broken);
      return load.cost(100, now);
    });
    expect(costs).toEqual([200, 2000, 20_000, 20_000, 20_000]);
    end(load, 30_000, broken);
    expect(load.cost(100, now)).toBe(30_000);
  });

  test("takes a failure for ten times its own latency where that is above the usual, as far as it has not faded", () => {
    const usual = new UsualLatency();
    usual.observe(1);
    const load = new Load(10_000, usual);
    end(load, 30, ok);
    end(load, 0.1, broken, 10_000);
    expect(load.cost(100, 10_000)).toBeCloseTo(300 / Math.E);
  });

  test("does not hold its length against a stream that fails", () => {
    const usual = new UsualLatency();
    usual.observe(10);
    const load = new Load(10_000, usual);
    end(load, 3_600_000, broken, now, false);
    expect(load.cost(100, now)).toBe(100);
  });
});
