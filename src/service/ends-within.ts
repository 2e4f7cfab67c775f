import { type Clock, sleep } from "../time/time.js";

/** Waits for something, but not for ever. Resolves with whether it ended within `ms`. */
export async function endsWithin(ms: number, clock: Clock, something: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const tooLong = sleep(clock, ms, over.signal).then(() => false);
  try {
    return await Promise.race([something.then(() => true), tooLong]);
  } finally {
    over.abort();
  }
}
