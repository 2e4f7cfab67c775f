import { describe, expect, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { leastLoaded } from "../../src/selector/least-loaded.js";
import type { CallInfo, Outcome, Pick, Selector } from "../../src/selector/selector.js";
import type { Random } from "../../src/time/time.js";
import { selectorConformance } from "../conformance/selector.js";
import { ManualClock } from "../support/manual-clock.js";
import { avoiding, broken, instance, instances, ok, seeded, stream, unary } from "./fixtures.js";
import { type Answer, simulate, type Tally, totalCalls } from "./simulation.js";

selectorConformance({ name: "leastLoaded", make: (tools) => leastLoaded(tools) });

const cancelled: Outcome = { code: Code.CANCELLED, failed: false };

interface World {
  readonly clock: ManualClock;
  readonly selector: Selector;
  readonly random: Random;
  /** Picks and, after so long, is done. Returns whom it picked. */
  call(ms: number, outcome?: Outcome, call?: CallInfo): string;
  run(
    callsPerSecond: number,
    seconds: number,
    serve: (id: string, running: number) => Answer,
  ): (id: string) => Tally & { readonly share: number };
}

function world(count: number, seed = 1): World {
  const clock = new ManualClock();
  const random = seeded(seed);
  const selector = leastLoaded({ clock, random })();
  selector.update(instances(count));
  return {
    clock,
    selector,
    random,
    call(ms, outcome = ok, call = unary) {
      const pick = selector.pick(call) as Pick;
      clock.advance(ms);
      pick.done(outcome);
      return pick.instance.id;
    },
    run(callsPerSecond, seconds, serve) {
      const tallies = simulate({ clock, selector, random, callsPerSecond, seconds, serve });
      const total = totalCalls(tallies);
      return (id) => {
        const tally = tallies.get(id) ?? { calls: 0, failed: 0, running: 0, mostRunning: 0 };
        return { ...tally, share: tally.calls / total };
      };
    },
  };
}

/** So that each of the first `count` is known to answer in `ms`. */
function measure({ selector, clock }: World, count: number, ms: number): void {
  for (let index = 0; index < count; index++) {
    const others = instances(count).filter((each) => each.id !== `i${index}`);
    const pick = selector.pick(avoiding(...others.map((each) => each.id))) as Pick;
    clock.advance(ms);
    pick.done(ok);
  }
}

describe("leastLoaded, of an instance nobody has measured", () => {
  test("tries it with exactly one call until that has been answered, however long it takes", () => {
    const { run } = world(10);
    const tally = run(1000, 0.9, (id) => ({ ms: id === "i3" ? 1000 : 5 }));
    expect(tally("i3")).toMatchObject({ calls: 1, mostRunning: 1 });
    for (const id of ["i0", "i1", "i2", "i4", "i9"]) expect(tally(id).calls).toBeGreaterThan(50);
  });

  test("tries one that joins later with one call too, and then gives it its share", () => {
    const { run, selector } = world(4);
    run(500, 5, () => ({ ms: 10 }));
    selector.update(instances(5));
    expect(run(500, 0.2, (id) => ({ ms: id === "i4" ? 300 : 10 }))("i4")).toMatchObject({ calls: 1 });
    run(500, 60, () => ({ ms: 10 }));
    expect(run(500, 10, () => ({ ms: 10 }))("i4").share).toBeGreaterThan(0.15);
  });

  test("tries it with one call again after it was gone for a while", () => {
    const { run, selector } = world(4);
    run(500, 5, () => ({ ms: 10 }));
    selector.update(instances(3));
    selector.update(instances(4));
    expect(run(500, 0.9, (id) => ({ ms: id === "i3" ? 1000 : 10 }))("i3").calls).toBe(1);
  });

  test("does not hold a running stream for that one call", () => {
    const { selector, call } = world(1);
    selector.pick(stream);
    selector.update(instances(2));
    const watch = selector.pick(stream);
    expect(watch?.instance.id).toBe("i1");
    const seen = new Set(Array.from({ length: 20 }, () => call(10)));
    expect(seen).toEqual(new Set(["i0", "i1"]));
  });
});

describe("leastLoaded, by latency and calls in flight", () => {
  test("gives an instance that takes twice as long about half of the work, busy or idle", () => {
    const busy = world(10).run(5000, 10, (id) => ({ ms: id === "i3" ? 20 : 10 }));
    const idle = world(10).run(100, 60, (id) => ({ ms: id === "i3" ? 20 : 10 }));
    expect(busy("i3").share).toBeLessThan(0.06);
    expect(busy("i3").share).toBeGreaterThan(0.02);
    expect(idle("i3").share).toBeLessThan(0.06);
    expect(idle("i3").calls).toBeGreaterThan(0);
  });

  test("gives nobody more than twice his share where all are alike", () => {
    const tally = world(10).run(2000, 10, (_id, running) => ({ ms: 5 * running }));
    for (const { id } of instances(10)) expect(Math.abs(tally(id).share - 0.1)).toBeLessThan(0.03);
  });

  test("turns away from an instance that becomes slow, and back when it has recovered", () => {
    const { run } = world(5);
    expect(run(500, 15, () => ({ ms: 10 }))("i2").share).toBeGreaterThan(0.1);
    expect(run(500, 15, (id) => ({ ms: id === "i2" ? 100 : 10 }))("i2").share).toBeLessThan(0.06);
    run(500, 60, () => ({ ms: 10 }));
    expect(run(500, 15, () => ({ ms: 10 }))("i2").share).toBeGreaterThan(0.1);
  });

  test("goes by the calls in flight where all take equally long", () => {
    const w = world(2);
    measure(w, 2, 10);
    const picked = Array.from({ length: 40 }, () => w.selector.pick(unary)?.instance.id);
    const first = picked.filter((id) => id === "i0").length;
    expect(Math.abs(first - 20)).toBeLessThanOrEqual(3);
  });

  test("lets twice the weight hold twice the calls", () => {
    const w = world(2);
    w.selector.update([instance("i0", { weight: 200 }), instance("i1")]);
    measure(w, 2, 10);
    const picked = Array.from({ length: 60 }, () => w.selector.pick(unary)?.instance.id);
    expect(Math.abs(picked.filter((id) => id === "i0").length - 40)).toBeLessThanOrEqual(4);
  });

  test("keeps what it knows of those who stay when the set changes", () => {
    const w = world(2);
    measure(w, 2, 10);
    w.call(1000, ok, avoiding("i0"));
    w.selector.update([...instances(2).map((each) => ({ ...each, metadata: { v: "2" } }))]);
    expect(new Set(Array.from({ length: 20 }, () => w.call(10)))).toEqual(new Set(["i0"]));
  });
});

describe("leastLoaded, of failures", () => {
  const dead = (id: string): Answer => (id === "i1" ? { ms: 0.1, failed: true } : { ms: 10 });

  test("is not attracted by an instance that fails at once, idle or busy", () => {
    expect(world(3).run(50, 120, dead)("i1").share).toBeLessThan(0.005);
    expect(world(3).run(5000, 20, dead)("i1").share).toBeLessThan(0.005);
  });

  test("is not attracted where the only other has hundreds of calls waiting", () => {
    const tally = world(2).run(5000, 20, (id) => (id === "i1" ? { ms: 0.1, failed: true } : { ms: 100 }));
    expect(tally("i0").mostRunning).toBeGreaterThan(400);
    expect(tally("i1").share).toBeLessThan(0.01);
  });

  test("is not attracted where answers take seconds", () => {
    const w = world(3);
    measure(w, 3, 5000);
    const tally = w.run(20, 120, (id) => (id === "i1" ? { ms: 0.1, failed: true } : { ms: 5000 }));
    expect(tally("i1").share).toBeLessThan(0.01);
  });

  test("comes back to an instance that has recovered", () => {
    const { run } = world(3);
    run(300, 20, dead);
    run(300, 90, () => ({ ms: 10 }));
    expect(run(300, 20, () => ({ ms: 10 }))("i1").share).toBeGreaterThan(0.2);
  });

  test("comes back within two minutes to one that failed on and on", () => {
    const w = world(3);
    measure(w, 3, 10);
    for (let call = 0; call < 100; call++) w.call(0.1, broken, avoiding("i0", "i2"));
    expect(w.run(300, 30, () => ({ ms: 10 }))("i1").calls).toBe(0);
    w.run(300, 90, () => ({ ms: 10 }));
    expect(w.run(300, 20, () => ({ ms: 10 }))("i1").share).toBeGreaterThan(0.2);
  });

  test("does not banish an instance for one failure among many answers", () => {
    const w = world(2);
    w.run(100, 10, () => ({ ms: 10 }));
    w.call(1, broken, avoiding("i0"));
    expect(w.run(100, 5, () => ({ ms: 10 }))("i1").share).toBeLessThan(0.1);
    w.run(100, 25, () => ({ ms: 10 }));
    expect(w.run(100, 10, () => ({ ms: 10 }))("i1").share).toBeGreaterThan(0.3);
  });

  test("shares the work evenly where all fail alike", () => {
    const w = world(3);
    const tally = w.run(1000, 20, () => (w.random() < 0.3 ? { ms: 0.1, failed: true } : { ms: 10 }));
    for (const { id } of instances(3)) expect(Math.abs(tally(id).share - 1 / 3)).toBeLessThan(0.05);
  });

  test("does not take a business error for a failure", () => {
    const w = world(2);
    measure(w, 2, 10);
    const refused: Outcome = { code: Code.NOT_FOUND, failed: false };
    const seen = Array.from({ length: 200 }, () => w.call(10, refused));
    expect(seen.filter((id) => id === "i0").length).toBeGreaterThan(60);
    expect(seen.filter((id) => id === "i1").length).toBeGreaterThan(60);
  });

  test("sends a call that has failed on one to the least loaded of the others", () => {
    const w = world(4);
    measure(w, 4, 10);
    const busy = [0, 1, 2].map(() => w.selector.pick(avoiding("i0", "i1", "i2")) as Pick);
    w.selector.pick(avoiding("i0", "i1", "i3"));
    expect(w.selector.pick(avoiding("i0"))?.instance.id).toBe("i1");
    for (const pick of busy) pick.done(ok);
    w.selector.pick(avoiding("i0", "i2", "i3"));
    expect(w.selector.pick(avoiding("i0"))?.instance.id).toBe("i3");
  });
});

describe("leastLoaded, of calls that tell no latency", () => {
  test("does not take a long stream for a slow answer", () => {
    const w = world(2);
    measure(w, 2, 10);
    w.call(3_600_000, ok, { method: stream.method, avoid: new Set(["i0"]) });
    measure(w, 1, 10);
    const seen = Array.from({ length: 100 }, () => w.call(10));
    expect(seen.filter((id) => id === "i1").length).toBeGreaterThan(30);
  });

  test("counts a stream as load while it runs", () => {
    const w = world(2);
    measure(w, 2, 10);
    const streams = Array.from({ length: 30 }, () => w.selector.pick({ ...stream, avoid: new Set(["i0"]) }) as Pick);
    expect(new Set(Array.from({ length: 20 }, () => w.call(10)))).toEqual(new Set(["i0"]));
    for (const each of streams) each.done(ok);
    measure(w, 2, 10);
    expect(new Set(Array.from({ length: 40 }, () => w.call(10)))).toEqual(new Set(["i0", "i1"]));
  });

  test("spreads streams by their number where a service has nothing else", () => {
    const { selector } = world(2);
    const streams = (count: number): string[] =>
      Array.from({ length: count }, () => selector.pick(stream)?.instance.id as string);
    expect(Math.abs(streams(200).filter((id) => id === "i0").length - 100)).toBeLessThan(15);
    selector.update(instances(3));
    expect(streams(60).filter((id) => id === "i2").length).toBeGreaterThan(35);
  });

  test("does not take a call its caller cancelled for a fast answer", () => {
    const w = world(2);
    const first = w.call(10);
    const unmeasured = first === "i0" ? "i1" : "i0";
    for (let call = 0; call < 10; call++) w.call(0.1, cancelled, avoiding(first));
    const picked = Array.from({ length: 20 }, () => w.selector.pick(unary)?.instance.id);
    expect(picked.filter((id) => id === unmeasured)).toHaveLength(1);
  });

  test("learns that an instance is slow from a call its caller gave up late", () => {
    const w = world(2);
    measure(w, 2, 10);
    w.call(500, { code: Code.DEADLINE_EXCEEDED, failed: false }, avoiding("i0"));
    expect(new Set(Array.from({ length: 20 }, () => w.call(10)))).toEqual(new Set(["i0"]));
  });
});

describe("leastLoaded", () => {
  test("counts only the first end of a call", () => {
    const w = world(2);
    measure(w, 2, 10);
    const pick = w.selector.pick(avoiding("i0")) as Pick;
    for (let index = 0; index < 50; index++) pick.done(ok);
    const picked = Array.from({ length: 40 }, () => w.selector.pick(unary)?.instance.id);
    expect(Math.abs(picked.filter((id) => id === "i0").length - 20)).toBeLessThanOrEqual(4);
  });

  test("cannot be given a decay time that makes no sense", () => {
    for (const decayMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => leastLoaded({ decayMs })).toThrow(
        new RangeError(`leastLoaded: decayMs is ${decayMs}; it must be a positive number of milliseconds`),
      );
    }
  });
});
