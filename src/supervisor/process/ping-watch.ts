import type { Clock, Timer } from "../../time/time.js";

export const pingEveryMs = 5_000;
/** So many pings in a row without an answer, and the process counts as frozen. */
export const missesAllowed = 3;

/** Finds out whether somebody's event loop still turns. */
export class PingWatch {
  readonly #clock: Clock;
  readonly #ping: (number: number) => void;
  readonly #frozen: () => void;
  #timer: Timer | undefined;
  #sent = 0;
  #answered = 0;

  constructor(clock: Clock, ping: (number: number) => void, frozen: () => void) {
    this.#clock = clock;
    this.#ping = ping;
    this.#frozen = frozen;
  }

  start(): void {
    this.#timer = this.#clock.timer(pingEveryMs, () => this.#tick());
  }

  pong(number: number): void {
    this.#answered = Math.max(this.#answered, Math.min(number, this.#sent));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    if (this.#sent - this.#answered < missesAllowed) {
      this.#sent += 1;
      this.#ping(this.#sent);
      this.start();
    } else this.#frozen();
  }
}
