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
