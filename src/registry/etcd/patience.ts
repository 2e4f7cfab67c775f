import { type Clock, sleep } from "../../time/time.js";

/** How long somebody who closes something waits for an etcd that does not answer. */
export const closeMs = 1_000;

/** Waits for work that goes on where it is not done by then; a failure of it is nobody's concern here. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const settled = work.then(
    () => {},
    () => {},
  );
  await Promise.race([settled, sleep(clock, ms, done.signal)]);
  done.abort();
}

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
    making.then((made) => {
      signal.removeEventListener("abort", leave);
      if (signal.aborted) drop(made);
      else resolve(made);
    }, reject);
  });
}
