import type { Clock } from "../../time/time.js";

const hourMs = 3_600_000;
/** In an hour. Who invents things to complain of fills neither our memory nor the log. */
const mostComplaints = 100;

/** What is wrong with what is said on a LAN: each is told once an hour. */
export class Complaints {
  readonly #clock: Clock;
  /** Until when nothing more is said of each, the first to be over first. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  once(what: string, tell: () => void): void {
    const nowMs = this.#clock.now();
    for (const [each, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(each);
    if (this.#untilMs.has(what) || this.#untilMs.size >= mostComplaints) return;
    this.#untilMs.set(what, nowMs + hourMs);
    tell();
  }
}
