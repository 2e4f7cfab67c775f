import type { Clock, Timer } from "../../src/time/time.js";

interface Pending extends Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/**
 * A clock that stands still until a test moves it. Timers fire in the order in which they are due, those due together in
 * the order in which they were made, each seeing `now()` as its own moment.
 *
 * Users have `manualClock()` of `hawser/testing`, whose `advance()` lets promises go on and whose timers of 0 ms fire by
 * themselves: what an app under test needs. The tests of single pieces need the other half: an `advance()` that returns
 * before any promise goes on, so that they can look in between, and timers that fire when they say so and never else.
 */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Pending>();

  /** @param startMs what `now()` says first, in ms since the Unix epoch. Default: 2020-01-01. */
  constructor(startMs: number = Date.UTC(2020, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const timer: Pending = {
      dueMs: this.#nowMs + Math.max(0, delayMs || 0),
      fire,
      cancel: () => this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** How many timers wait to fire. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How far away the next timer is, in ms; undefined where none waits. */
  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  /** Moves on by `ms` and fires what is due, timers made on the way included. Returns before promises go on. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#fireNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** As `advance()`, and lets promises and immediates go on before the first timer and after each. */
  async run(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await turn();
    while (this.#fireNext(untilMs)) await turn();
    this.#nowMs = untilMs;
    await turn();
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#next();
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.fire();
    return true;
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}

/** Everything that can go on without time passing has gone on. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}
