/**
 * Does something that cannot be told to end, and waits for it, but not beyond the signal; where that came before, it is not
 * begun. @throws what `reason` makes, where the signal comes first
 */
export function unlessAborted<T>(signal: AbortSignal, reason: () => Error, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(reason());
    const onAbort = (): void => reject(reason());
    signal.addEventListener("abort", onAbort);
    run()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}
