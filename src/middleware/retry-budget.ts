import { type Clock, systemClock } from "../time/time.js";

export interface RetryBudgetOptions {
  /** Retries allowed as a share of calls. Default: 0.2. */
  readonly ratio?: number;
  /** Retries a second that are always allowed. Default: 10. */
  readonly minPerSecond?: number;
  readonly clock?: Clock;
}

const seconds = 10;

/**
 * Keeps retries from becoming a storm: at most 20 % of the calls of the last 10 s, and 10 a second whatever the traffic.
 * Source: Finagle's RetryBudget. Token throttling as in gRFC A6 refused every retry in the burst after a crash.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #floor: number;
  readonly #clock: Clock;
  readonly #calls = new Float64Array(seconds);
  readonly #retries = new Float64Array(seconds);
  #second: number;
  #callSum = 0;
  #retrySum = 0;

  constructor(options: RetryBudgetOptions = {}) {
    const { ratio = 0.2, minPerSecond = 10, clock = systemClock } = options;
    if (!(ratio >= 0)) throw new RangeError(`ratio: must be 0 or more, was ${ratio}`);
    if (!(minPerSecond >= 0)) throw new RangeError(`minPerSecond: must be 0 or more, was ${minPerSecond}`);
    this.#ratio = ratio;
    this.#floor = minPerSecond * seconds;
    this.#clock = clock;
    this.#second = Math.floor(clock.now() / 1000);
  }

  /** A call was made. */
  record(): void {
    this.#calls[this.#slot()]!++;
    this.#callSum++;
  }

  /** Takes one retry out of the budget; false where there is none left. */
  spend(): boolean {
    const slot = this.#slot();
    if (this.#retrySum >= this.#floor + this.#ratio * this.#callSum) return false;
    this.#retries[slot]!++;
    this.#retrySum++;
    return true;
  }

  /** The place of the present second, after forgetting those that are over. */
  #slot(): number {
    const now = Math.floor(this.#clock.now() / 1000);
    for (let missed = Math.min(now - this.#second, seconds); missed > 0; missed--) {
      const slot = (now - missed + 1) % seconds;
      this.#callSum -= this.#calls[slot]!;
      this.#retrySum -= this.#retries[slot]!;
      this.#calls[slot] = 0;
      this.#retries[slot] = 0;
    }
    this.#second = now;
    return now % seconds;
  }
}
