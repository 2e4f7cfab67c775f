import type { Logger } from "../contract/contract.js";
import type { Clock } from "../time/time.js";
import { endsWithin } from "./ends-within.js";

export interface StopTimeOptions {
  readonly clock: Clock;
  /** For what runs: calls, tasks, requests. */
  readonly graceMs: number;
  /** How much longer hooks, teardown and registry may take, all together. */
  readonly teardownMs: number;
}

/**
 * The time a stop has, begun when this is made: one for all that ends in it, however many services these are and however
 * much of it hangs, so that it is over before whoever waits for it loses patience.
 */
export class StopTime {
  readonly #clock: Clock;
  readonly #graceEndsAt: number;
  readonly #teardownMs: number;

  constructor({ clock, graceMs, teardownMs }: StopTimeOptions) {
    this.#clock = clock;
    this.#graceEndsAt = clock.now() + graceMs;
    this.#teardownMs = teardownMs;
  }

  /** What is left of the grace, in ms. */
  get graceMs(): number {
    return Math.max(0, this.#graceEndsAt - this.#clock.now());
  }

  /** Whether what runs has ended before the grace is over. */
  ends(running: Promise<unknown>): Promise<boolean> {
    return endsWithin(this.graceMs, this.#clock, running);
  }

  /**
   * Does something before the last call is over. It has half of the grace, so that calls have some as well; where it takes
   * longer or fails, the log says so and the stop goes on.
   */
  early(what: string, logger: Logger, run: () => unknown): Promise<void> {
    return this.#step(what, logger, Math.max(this.graceMs / 2, this.#restMs / 4), run);
  }

  /** As `early()`, once that is over: it has all the grace, and half of the rest, so that what comes after it has some as well. */
  late(what: string, logger: Logger, run: () => unknown): Promise<void> {
    return this.#step(what, logger, this.graceMs + this.#restMs / 2, run);
  }

  /** As `late()`, for what has nothing to do with calls: it has none of the grace. */
  soon(what: string, logger: Logger, run: () => unknown): Promise<void> {
    return this.#step(what, logger, this.#restMs / 2, run);
  }

  /** What is left for the time after the grace. */
  get #restMs(): number {
    return Math.max(0, this.#teardownMs - Math.max(0, this.#clock.now() - this.#graceEndsAt));
  }

  async #step(what: string, logger: Logger, withinMs: number, run: () => unknown): Promise<void> {
    const done = (async () => run())();
    try {
      if (await endsWithin(withinMs, this.#clock, done)) return;
      logger.error({}, `${what} does not end; left behind after ${Math.round(withinMs)} ms`);
    } catch (err) {
      logger.error({ err }, `${what} failed in the stop`);
    }
  }
}

/** As a message names it: `onDrain 2 (flush)`. */
export function nameOf(kind: string, index: number, name: string): string {
  return `${kind} ${index + 1}${name && ` (${name})`}`;
}
