import { type Backoff, exponentialBackoff, type Random } from "../time/time.js";

/** After it was well for so long, in ms, the next wait is the shortest again. */
export const healthyMs = 60_000;

/** How long a process or group waits before it is started again: 100 ms, then twice that, up to 30 s, ±20 %. */
export class RestartDelay {
  readonly #backoff: Backoff;
  #failures = 0;

  constructor(random: Random) {
    this.#backoff = exponentialBackoff({ initialMs: 100, maxMs: 30_000, jitter: "equal", random });
  }

  /** One more failure. @param wellMs how long it was ready before */
  next(wellMs: number): number {
    this.#failures = wellMs >= healthyMs ? 1 : this.#failures + 1;
    return this.#backoff(this.#failures);
  }

  /** The next wait is the shortest. */
  reset(): void {
    this.#failures = 0;
  }
}
