import type { Random } from "./random.js";

/** How long to wait before the next try, in ms; `failures` counts from 1. */
export type Backoff = (failures: number) => number;

export interface BackoffOptions {
  /** The wait after the first failure, before jitter. */
  readonly initialMs: number;
  /** No wait is longer, before jitter. */
  readonly maxMs: number;
  /** Each wait is this many times the last. Default: 2. */
  readonly factor?: number;
  /**
   * `full`: anything from 0 to the wait, which spreads a herd best (Brooker, "Exponential Backoff and Jitter", 2015);
   * `equal`: ±20 % of it, as gRFC A6. Default: `full`.
   */
  readonly jitter?: "full" | "equal";
  readonly random: Random;
}

/** Waits that double up to a limit, jittered. */
export function exponentialBackoff(options: BackoffOptions): Backoff {
  const { initialMs, maxMs, factor = 2, jitter = "full", random } = options;
  return (failures) => {
    const wait = Math.min(maxMs, initialMs * factor ** (failures - 1) || 0); // 0 × Infinity is no number
    return jitter === "full" ? wait * random() : wait * (0.8 + 0.4 * random());
  };
}
