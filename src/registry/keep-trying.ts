import type { Backoff, Clock } from "../time/time.js";

export interface KeepTryingOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** A run that was healthy for this long makes the waits start anew. */
  readonly healthyMs: number;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /** Called after each run that ended unasked, before the wait. */
  readonly onEnd?: (end: { readonly error: unknown; readonly waitMs: number }) => void;
}

/**
 * Runs `work` for ever: whenever it ends, with an error or without, it is run again after a wait. Resolves once the
 * signal has aborted and the last run has ended; it is up to `work` to hear the signal too.
 *
 * @param work calls `healthy` when it has reached what it wants
 */
export async function keepTrying(
  work: (healthy: () => void) => Promise<void>,
  options: KeepTryingOptions,
): Promise<void> {
  const { clock, backoff, healthyMs, signal, onEnd } = options;
  let failures = 0;
  while (!signal.aborted) {
    let healthySince: number | undefined;
    const healthy = () => {
      healthySince ??= clock.now();
    };
    const error = await work(healthy).catch((reason: unknown) => reason);
    if (signal.aborted) return;
    if (healthySince !== undefined && clock.now() - healthySince >= healthyMs) failures = 0;
    failures += 1;
    const waitMs = backoff(failures);
    onEnd?.({ error, waitMs });
    await sleep(clock, waitMs, signal);
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.timer(ms, done);
    signal.addEventListener("abort", done);
  });
}
