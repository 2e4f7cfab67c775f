/** What is being made, or nothing where the signal aborts first; what comes too late is given to `drop`. */
export function unlessAborted<T>(
  making: Promise<T>,
  signal: AbortSignal,
  drop: (late: T) => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(undefined);
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    making
      .then((made) => {
        if (signal.aborted) drop(made);
        else resolve(made);
      }, reject)
      .finally(() => signal.removeEventListener("abort", leave));
  });
}
