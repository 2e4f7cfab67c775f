import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Timer } from "../../src/time/time.js";
import { type Alarm, TimerWheel } from "../../src/time/timer-wheel.js";

/** Time that a test moves, and the one `setTimeout` of a wheel. */
class Hand {
  nowMs: number;
  /** How much too early the alarm rings. */
  earlyMs = 0;
  /** How often it has rung. */
  rings = 0;
  alarm: { readonly at: number; readonly fire: () => void } | undefined;
  refs = 0;
  #immediates: (() => void)[] = [];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  now = (): number => this.nowMs;

  setTimeout = (fire: () => void, ms: number): Alarm => {
    expect(this.alarm, "one alarm at a time").toBeUndefined();
    expect(ms).toBeLessThan(2 ** 31);
    this.alarm = { at: this.nowMs + Math.max(1, ms), fire };
    this.refs = 1;
    return {
      ref: () => {
        this.refs = 1;
      },
      unref: () => {
        this.refs = 0;
      },
    };
  };

  clearTimeout = (): void => {
    this.alarm = undefined;
  };

  setImmediate = (fire: () => void): void => {
    this.#immediates.push(fire);
  };

  /** Lets the alarm ring whenever it is time, until the moment has come; it rings `lateMs` late. */
  moveTo(ms: number, lateMs = 0): void {
    while (this.alarm !== undefined && this.alarm.at - this.earlyMs + lateMs <= ms) {
      const { at, fire } = this.alarm;
      this.alarm = undefined;
      this.rings++;
      this.nowMs = Math.max(this.nowMs, at - this.earlyMs + lateMs);
      this.earlyMs = 0;
      this.#ring(fire);
    }
    this.nowMs = Math.max(this.nowMs, ms);
  }

  /** As Node does: a failure is somebody else's, and the rest goes on. */
  readonly failures: unknown[] = [];
  #ring(fire: () => void): void {
    for (let next: (() => void) | undefined = fire; next !== undefined; next = this.#immediates.shift()) {
      try {
        next();
      } catch (failure) {
        this.failures.push(failure);
      }
    }
  }
}

const delays = fc.oneof(
  fc.double({ min: -1, max: 5, noNaN: true }),
  fc.double({ min: 0, max: 200, noNaN: true }),
  fc.double({ min: 0, max: 20_000, noNaN: true }),
  fc.double({ min: 0, max: 3e6, noNaN: true }),
  fc.constantFrom(63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 2 ** 30, 2 ** 31, 2 ** 33),
);

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("add" as const), delay: delays }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("cancel" as const), which: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("move" as const), ms: delays, late: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("early" as const), ms: fc.double({ min: 0, max: 1.9 }) }) },
  ),
  { maxLength: 60 },
);

interface Planned {
  readonly dueAt: number;
  readonly timer: Timer;
  firedAt: number | undefined;
  cancelled: boolean;
}

describe("TimerWheel", () => {
  test("fires what a list of timers would: each once, in order, never early, and at the first alarm that is late enough", () => {
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 2e12, noNaN: true }), (plan, startMs) => {
        const hand = new Hand(startMs);
        const wheel = new TimerWheel(hand);
        const all: Planned[] = [];
        const fired: Planned[] = [];
        let latest = 1;
        for (const step of plan) {
          if (step.type === "add") {
            const dueAt = hand.nowMs + Math.max(0, step.delay);
            const timer = wheel.add(
              step.delay,
              () => {
                planned.firedAt = hand.nowMs;
                fired.push(planned);
              },
              false,
            );
            const planned: Planned = { dueAt, timer, firedAt: undefined, cancelled: false };
            all.push(planned);
          } else if (step.type === "cancel") {
            const planned = all[step.which];
            planned?.timer.cancel();
            if (planned !== undefined && planned.firedAt === undefined) planned.cancelled = true;
          } else if (step.type === "early") hand.earlyMs = step.ms || 0;
          else {
            latest = Math.max(latest, 1 + step.late);
            hand.moveTo(hand.nowMs + Math.max(0, step.ms), step.late);
          }
        }
        hand.moveTo(hand.nowMs + 2 ** 34, 0);
        for (const { dueAt, firedAt, cancelled } of all) {
          expect(firedAt === undefined).toBe(cancelled);
          if (firedAt === undefined) continue;
          expect(firedAt).toBeGreaterThanOrEqual(dueAt);
          expect(firedAt - dueAt).toBeLessThan(latest + 0.001);
        }
        const inOrder = fired.toSorted(
          (one, other) => one.dueAt - other.dueAt || all.indexOf(one) - all.indexOf(other),
        );
        expect(fired).toEqual(inOrder);
        expect(hand.alarm).toBeUndefined();
        expect(fired.length).toBe(new Set(fired).size);
      }),
    );
  });

  test("keeps the process exactly while a timer waits for which it has to stay", () => {
    const step = fc.record({ background: fc.boolean(), delay: delays, cancel: fc.boolean(), move: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (plan) => {
        const hand = new Hand(1_700_000_000_000.25);
        const wheel = new TimerWheel(hand);
        const foreground = new Set<Timer>();
        for (const { background, delay, cancel, move } of plan) {
          const timer = wheel.add(delay, () => foreground.delete(timer), background);
          if (!background) foreground.add(timer);
          if (cancel) {
            timer.cancel();
            foreground.delete(timer);
          }
          hand.moveTo(hand.nowMs + move);
          if (foreground.size > 0) expect(hand.alarm).toBeDefined();
          if (hand.alarm !== undefined) expect(hand.refs).toBe(Math.min(1, foreground.size));
        }
      }),
    );
  });

  test("sets its alarm once for any number of calls that end before their deadlines", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    for (let call = 0; call < 10_000; call++) {
      const timer = wheel.add(5000, () => {}, false);
      hand.moveTo(hand.nowMs + 1);
      timer.cancel();
    }
    expect(hand.rings).toBeLessThanOrEqual(4);
  });

  test("wakes a few times at most for a timer far away", () => {
    const hand = new Hand(17.3);
    const wheel = new TimerWheel(hand);
    const fire = vi.fn();
    wheel.add(5_000_000.4, fire, false);
    hand.moveTo(5_000_018.7);
    expect(fire).toHaveBeenCalledTimes(1);
    expect(hand.rings).toBeLessThanOrEqual(5);
  });

  test("those due together fire in the order in which they were made, however far ahead each was", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    const fired: string[] = [];
    wheel.add(100, () => fired.push("first"), false);
    wheel.add(30, () => wheel.add(70, () => fired.push("second"), false), false);
    hand.moveTo(1000);
    expect(fired).toEqual(["first", "second"]);
  });

  test("a timer that is cancelled by one due with it does not fire", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    const fire = vi.fn();
    wheel.add(10, () => other.cancel(), false);
    const other = wheel.add(10, fire, false);
    hand.moveTo(1000);
    expect(fire).not.toHaveBeenCalled();
  });

  test("a timer made by one that fires waits its own time, and never fires in the same breath", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    const moments: number[] = [];
    wheel.add(
      10,
      () => {
        wheel.add(0, () => moments.push(hand.nowMs), false);
        wheel.add(70, () => moments.push(hand.nowMs), false);
        moments.push(hand.nowMs);
      },
      false,
    );
    hand.moveTo(1000);
    expect(moments).toEqual([10, 11, 80]);
  });

  test("one that throws fails by itself: the others fire, those due with it too", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    const failure = new Error("oops");
    const fire = vi.fn();
    wheel.add(10, fire, false);
    wheel.add(
      10,
      () => {
        throw failure;
      },
      false,
    );
    wheel.add(10, fire, false);
    wheel.add(500, fire, false);
    hand.moveTo(1000);
    expect(fire).toHaveBeenCalledTimes(3);
    expect(hand.failures).toEqual([failure]);
  });

  test("one cancelled in its own fire, or after it, takes nothing else along", () => {
    const hand = new Hand(0);
    const wheel = new TimerWheel(hand);
    const timer = wheel.add(5, () => timer.cancel(), false);
    hand.moveTo(6);
    const other = wheel.add(5, () => {}, false);
    timer.cancel();
    expect(hand.refs).toBe(1);
    other.cancel();
    expect(hand.refs).toBe(0);
  });
});
