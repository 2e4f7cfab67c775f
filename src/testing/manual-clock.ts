import type { Clock, Timer } from "../time/time.js";

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** How many timers wait. */
  readonly pending: number;
  /** How far away the next timer is, in ms; undefined where none waits. */
  readonly nextMs: number | undefined;
  /**
   * Lets time pass. Timers that fall due fire in their order, each at its own moment, those made on the way included; what
   * they set going goes on before the next one, as far as it can without a file or a socket.
   *
   * @throws RangeError for what is no span of time
   * @throws Error where 100 000 timers fire and the moment does not pass: one re-arms itself for no time at all
   */
  advance(ms: number): Promise<void>;
}

/**
 * Makes a clock for a test to hold in its hand. A timer that is due when it is made fires by itself: nobody waits for no
 * time at all.
 *
 * @param startMs what `now()` says first, in ms since the Unix epoch. Default: 2020-01-01T00:00:00Z.
 * @example
 * const clock = manualClock();
 * await using shop = await testApp(app, { clock });
 * await clock.advance(5_000);
 */
export function manualClock(startMs: number = Date.UTC(2020, 0, 1)): ManualClock {
  return new SteppedClock(startMs);
}

/** The real one, also where a test runner puts another in its place later. */
const { setImmediate } = globalThis;

/** More than any test needs, and reached within seconds. */
const mostAtOneMoment = 100_000;

interface Pending extends Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

class SteppedClock implements ManualClock {
  #nowMs: number;
  readonly #timers = new Set<Pending>();

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const timer: Pending = {
      dueMs: this.#nowMs + Math.max(0, delayMs || 0), // NaN is at once, as for the machine's clock
      fire,
      cancel: () => this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    if (timer.dueMs <= this.#nowMs) setImmediate(() => this.#fire(timer));
    return timer;
  }

  get pending(): number {
    return this.#timers.size;
  }

  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) throw new RangeError(`advance: must be 0 ms or more, was ${ms}`);
    const untilMs = this.#nowMs + ms;
    await settled();
    let atOnce = 0;
    for (let next = this.#next(); next !== undefined && next.dueMs <= untilMs; next = this.#next()) {
      atOnce = next.dueMs > this.#nowMs ? 1 : atOnce + 1;
      if (atOnce > mostAtOneMoment) throw stuck(this.#nowMs);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#fire(next);
      await settled();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #fire(timer: Pending): void {
    if (this.#timers.delete(timer)) timer.fire();
  }

  /** Of those due together the one made first; never one that is never due. */
  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) if (timer.dueMs < (next?.dueMs ?? Number.POSITIVE_INFINITY)) next = timer;
    return next;
  }
}

function stuck(atMs: number): Error {
  return new Error(
    `advance: ${mostAtOneMoment} timers have fired at ${new Date(atMs).toISOString()}, and time does not pass: ` +
      "which timer makes itself anew for 0 ms?",
  );
}

/** Promises have gone on, and what they handed to the next turn of the event loop: three hand over from call to call. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
