import type { Clock, Timer } from "../time/time.js";

/**
 * Barks once if it is not fed in time. Begins to wait when it is first fed. A process that was itself held up reads what
 * has come meanwhile before it barks.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #bark: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, bark: () => void) {
    this.#clock = clock;
    this.#bark = bark;
  }

  /** @param patienceMs until when it must be fed again */
  feed(patienceMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.timer(patienceMs, () => {
      this.#timer = this.#clock.timer(0, this.#bark);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
