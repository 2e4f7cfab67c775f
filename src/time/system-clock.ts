import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "./clock.js";
import { TimerWheel } from "./timer-wheel.js";

const { timeOrigin } = performance;

function now(): number {
  return timeOrigin + performance.now();
}

/** Where timers are set from: no call's context, whoever asks for one first. */
const outside = AsyncLocalStorage.snapshot();

let set = globalThis.setTimeout;
let wheel = wheelOf(set);

/** Alone in the process there is one. Where a test runner puts other timers in the place of these, they have their own. */
function currentWheel(): TimerWheel {
  if (globalThis.setTimeout !== set) {
    set = globalThis.setTimeout;
    wheel = wheelOf(set);
  }
  return wheel;
}

function wheelOf(setTimeout: typeof globalThis.setTimeout): TimerWheel {
  const { clearTimeout, setImmediate } = globalThis;
  return new TimerWheel<NodeJS.Timeout>({
    now,
    setTimeout: (fire, ms) => outside(setTimeout, fire, ms),
    clearTimeout,
    setImmediate,
  });
}

/** The machine's clock: monotonic, set to the Unix epoch when the process started. */
export const systemClock: Clock = {
  now,
  timer: (delayMs, fire, background = false) => currentWheel().add(delayMs, fire, background),
};
