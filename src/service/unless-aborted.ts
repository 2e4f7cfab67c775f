/** Waits for something that cannot be told to end, but not beyond the signal. @throws what `reason` makes, where that comes first */
export function unlessAborted<T>(something: Promise<T>, signal: AbortSignal, reason: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reason());
    something.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}
