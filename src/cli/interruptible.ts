/** The person pressed Ctrl-C; said with the exit code, not with words. */
export class Interrupted extends Error {}

/** The same promise, given up where the signal aborts first. @throws Interrupted */
export function interruptible<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => reject(new Interrupted("interrupted"));
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", interrupt));
  });
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
