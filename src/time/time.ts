/**
 * Time and chance, injected wherever they are used, so that a test can hold both in its hand.
 *
 * Promises to callers: `now()` never goes backwards; a timer fires once, never early, and not after `cancel()`.
 */
export { type Backoff, type BackoffOptions, exponentialBackoff } from "./backoff.js";
export type { Clock, Deadline, Timer } from "./clock.js";
export { type Random, systemRandom } from "./random.js";
export { sleep } from "./sleep.js";
export { systemClock } from "./system-clock.js";
