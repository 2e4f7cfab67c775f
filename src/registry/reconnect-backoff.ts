import { type Backoff, exponentialBackoff, type Random } from "../time/time.js";

const longestWaitMs = 30_000;

/** 0.8 s to 30 s with full jitter: many come back at once to a backend that was away. */
export function reconnectBackoff(random: Random): Backoff {
  return exponentialBackoff({ initialMs: 800, maxMs: longestWaitMs, random });
}

/** What was well for longer than the longest wait was healthy: a road that is cut every minute makes no wait grow. */
export const healthyMs: number = longestWaitMs;
