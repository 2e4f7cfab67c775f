import { type Clock, sleep } from "../../time/time.js";

export interface StartStepOptions {
  /** Whose start it is. */
  readonly service: string;
  readonly clock: Clock;
  /** How long one step may take, in ms. */
  readonly timeoutMs: number;
  /** The start is no longer wanted. */
  readonly signal: AbortSignal;
}

/**
 * One thing a start waits for and that is not ours: it may fail, take for ever, or no longer be wanted. What it was called
 * for then goes on by itself, and nobody listens.
 *
 * @throws Error that names the service and the step
 */
export async function startStep<T>(step: string, run: () => T | Promise<T>, options: StartStepOptions): Promise<T> {
  const { service, clock, timeoutMs, signal } = options;
  const stopped = (): Error => new Error(`${service} was stopped before its ${step} had ended`);
  if (signal.aborted) throw stopped();
  const over = new AbortController();
  const onAbort = (): void => over.abort();
  signal.addEventListener("abort", onAbort);
  const tooLong = sleep(clock, timeoutMs, over.signal).then(() => {
    throw signal.aborted ? stopped() : new TooLong(service, step, timeoutMs);
  });
  tooLong.catch(() => {});
  try {
    return await Promise.race([run(), tooLong]);
  } catch (cause) {
    if (signal.aborted || cause instanceof TooLong) throw cause;
    throw new Error(`${service}: ${step} failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    signal.removeEventListener("abort", onAbort);
    over.abort();
  }
}

class TooLong extends Error {
  constructor(service: string, step: string, timeoutMs: number) {
    super(`${service}: ${step} has not ended within ${timeoutMs / 1000} s; what does it wait for?`);
  }
}
