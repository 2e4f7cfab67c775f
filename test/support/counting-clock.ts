import { type Clock, systemClock, type Timer } from "../../src/time/time.js";

/** The machine's clock, which knows how many of its timers are still to fire. */
export class CountingClock implements Clock {
  readonly #running = new Set<Timer>();

  get running(): number {
    return this.#running.size;
  }

  now(): number {
    return systemClock.now();
  }

  timer(delayMs: number, fire: () => void, background?: boolean): Timer {
    const inner = systemClock.timer(
      delayMs,
      () => {
        this.#running.delete(timer);
        fire();
      },
      background,
    );
    const timer: Timer = {
      cancel: () => {
        this.#running.delete(timer);
        inner.cancel();
      },
    };
    this.#running.add(timer);
    return timer;
  }
}
