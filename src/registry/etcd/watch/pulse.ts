import type { Clock, Timer } from "../../../time/time.js";

export interface PulseOptions {
  readonly clock: Clock;
  /** How often a sign of life is asked for, and how long one may take. */
  readonly everyMs: number;
  readonly ask: () => void;
  /** There was none. Called once. */
  readonly giveUp: () => void;
}

/**
 * Whether the other end lives. Whoever makes it has just asked for something. Counts halves of a beat, so that a process
 * that was itself held up for longer than a beat reads what lies there before it judges.
 */
export class Pulse {
  readonly #options: PulseOptions;
  #waiting = true;
  #halves = 0;
  #timer: Timer;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#timer = this.#half();
  }

  /** A sign of life. */
  heard(): void {
    this.#waiting = false;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #half(): Timer {
    const { clock, everyMs, ask, giveUp } = this.#options;
    return clock.timer(everyMs / 2, () => {
      this.#halves += 1;
      if (this.#halves % 2 === 0) {
        if (this.#waiting) return giveUp();
        this.#waiting = true;
        ask();
      }
      this.#timer = this.#half();
    });
  }
}
