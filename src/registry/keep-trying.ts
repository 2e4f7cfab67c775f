import type { Logger } from "../contract/contract.js";
import { type Backoff, type Clock, sleep } from "../time/time.js";

export interface KeepTryingOptions {
  /** As in log lines: `watch`. Logged when it fails after it was well, and when it is well again. */
  readonly what: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly backoff: Backoff;
  /** A run that was well for this long makes the waits start anew. */
  readonly healthyMs: number;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /** Called after each run that ended unasked, before the wait. */
  readonly onEnd?: (error: unknown) => void;
  /**
   * Resolves where there is a reason to hope: what is left of the wait shrinks to one as after a first failure, so that
   * neither everybody comes at once nor one of them all the time. The waits after that start anew. Where it rejects there is no hope, and the wait is as long as it was. Default: never does.
   */
  readonly early?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs `work` for ever: whenever it ends, with an error or without, it is run again after a wait. Resolves once the
 * signal has aborted and the last run has ended; it is up to `work` to hear the signal too.
 *
 * @param work calls `well` when it has reached what it wants
 */
export async function keepTrying(work: (well: () => void) => Promise<void>, options: KeepTryingOptions): Promise<void> {
  const { what, clock, logger, backoff, healthyMs, signal, onEnd } = options;
  let failures = 0;
  let failing = false;
  while (!signal.aborted) {
    let wellSince: number | undefined;
    const well = () => {
      wellSince ??= clock.now();
      if (failing) logger.info({}, `${what}: well again`);
      failing = false;
    };
    const err = await work(well).catch((reason: unknown) => reason);
    if (signal.aborted) return;
    if (wellSince !== undefined && clock.now() - wellSince >= healthyMs) failures = 0;
    failures += 1;
    const waitMs = backoff(failures);
    logger[failing ? "debug" : "warn"]({ err, waitMs: Math.round(waitMs) }, `${what}: failed; trying again`);
    failing = true;
    onEnd?.(err);
    const hoped = await wait(waitMs, options);
    if (hoped) failures = 0;
  }
}

/** @returns whether it ended early */
async function wait(waitMs: number, { clock, backoff, signal, early }: KeepTryingOptions): Promise<boolean> {
  // AbortSignal.any() would grow a signal that lives for long by one entry a wait, in Node 20.
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const time = sleep(clock, waitMs, over.signal).then(() => false);
  const hope = early?.(over.signal)
    .then(() => sleep(clock, backoff(1), over.signal))
    .then(
      () => true,
      () => time,
    );
  const hoped = await Promise.race([time, hope ?? time]);
  signal.removeEventListener("abort", end);
  end();
  return hoped;
}
