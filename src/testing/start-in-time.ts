import { endsWithin } from "../service/ends-within.js";
import { type App, type RunningApp, type StartAppOptions, startApp } from "../service/service.js";
import { type Clock, systemClock } from "../time/time.js";
import { endsInRealTime } from "./real-time.js";

export interface StartInTimeOptions extends Omit<StartAppOptions, "signal" | "onStep"> {
  readonly clock: Clock;
  /** How long the start may take, in ms of real time. */
  readonly timeoutMs: number;
  /** How long running calls may take at a stop; and, in ms of real time, those who have started where the rest has not. */
  readonly graceMs: number;
}

/**
 * As `startApp()`, but timed by the real clock: on one that stands still no limit is ever reached.
 *
 * @throws Error that says what it waited for
 */
export async function startInTime(app: App, options: StartInTimeOptions): Promise<RunningApp> {
  const { clock, timeoutMs, graceMs } = options;
  const stop = new AbortController();
  let step = "reading the configuration";
  const onStep = (next: string): void => {
    step = next;
  };
  const starting = startApp(app, { ...options, signal: stop.signal, onStep });
  if (await endsWithin(timeoutMs, systemClock, starting)) return starting;
  stop.abort();
  const cause = await endsInRealTime(graceMs, clock, starting).then(
    () => undefined,
    (error: Error) => error,
  );
  throw new Error(
    `${app.name} has not started within ${timeoutMs} ms of real time: ${cause?.message ?? step}; what does it wait for? ` +
      "(a manual clock goes on by advance() only; timeoutMs gives it longer)",
    { cause },
  );
}
