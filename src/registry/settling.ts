import type { Instance } from "../contract/contract.js";
import type { Clock, Timer } from "../time/time.js";

/**
 * What to believe of those who are missing when the backend comes back. A registry that was away has let leases expire, or
 * has lost its data, while the instances lived on: so whoever was known before and did not say good-bye stays for a
 * while, in which the living register again. After that what the backend says is true.
 */
export class Settling {
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #onSettled: () => void;
  #state: "settled" | "away" | "settling" = "settled";
  #timer: Timer | undefined;

  /** @param onSettled what the backend says is to be believed from now on */
  constructor(clock: Clock, settleMs: number, onSettled: () => void) {
    this.#clock = clock;
    this.#settleMs = settleMs;
    this.#onSettled = onSettled;
  }

  /** The backend does not answer. */
  away(): void {
    this.#timer?.cancel();
    this.#state = "away";
  }

  /** The backend has said who is there. @returns who is missing and may yet come back */
  missing(before: readonly Instance[], now: readonly Instance[]): readonly Instance[] {
    if (this.#state === "away") this.#settle();
    if (this.#state === "settled") return [];
    const there = new Set(now.map(({ id }) => id));
    return before.filter(({ id, state }) => state !== "draining" && !there.has(id));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #settle(): void {
    if (this.#settleMs === 0) {
      this.#state = "settled";
      return;
    }
    this.#state = "settling";
    this.#timer = this.#clock.timer(this.#settleMs, () => {
      this.#state = "settled";
      this.#onSettled();
    });
  }
}
