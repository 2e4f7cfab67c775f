import type { ManualClock } from "./manual-clock.js";

/** Until somebody waits for time to pass: files are read by threads, of which no clock knows. */
export async function untilResting(clock: ManualClock): Promise<void> {
  do await clock.run(0);
  while (clock.pending === 0);
}

/** Time passes timer by timer, and before each everything that reads files has come to rest. */
export async function passTime(clock: ManualClock, ms: number): Promise<void> {
  const untilMs = clock.now() + ms;
  for (;;) {
    await untilResting(clock);
    const { nextMs = Number.POSITIVE_INFINITY } = clock;
    const leftMs = untilMs - clock.now();
    clock.advance(Math.min(leftMs, nextMs));
    if (nextMs > leftMs) return;
  }
}
