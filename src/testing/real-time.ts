import { endsWithin } from "../service/ends-within.js";
import { type Clock, sleep, systemClock } from "../time/time.js";
import type { ManualClock } from "./manual-clock.js";

/**
 * Waits for an end, in real time. On a clock that stands still time is made to pass meanwhile: whatever sleeps on it would
 * hold the end up for ever. Resolves with whether it came within `ms`.
 */
export async function endsInRealTime(ms: number, clock: Clock, something: Promise<unknown>): Promise<boolean> {
  if (!isManual(clock)) return endsWithin(ms, systemClock, something);
  const over = new AbortController();
  try {
    return await endsWithin(ms, systemClock, Promise.race([something, passTime(clock, over.signal)]));
  } finally {
    over.abort();
  }
}

/** A second at a time, or to the next timer where that is further away. */
async function passTime(clock: ManualClock, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await clock.advance(Math.max(clock.nextMs ?? 0, 1_000));
    await sleep(systemClock, 10, over);
  }
}

function isManual(clock: Clock): clock is ManualClock {
  return "advance" in clock;
}
