import type { Clock, Timer } from "../../time/time.js";

/** Longer than any event loop is busy that is well. */
const stalledMs = 1000;

/** For what came while the event loop stood still to be read, in ms. */
const catchUpMs = 500;

/**
 * Fires where a peer has been silent for so long; the process may end meanwhile. Timers fire before what lies in the
 * sockets is read: one that is much too late says more of this process than of the peer, and waits a little longer, once.
 */
export function silenceTimer(clock: Clock, ms: number, fire: () => void): Timer {
  const dueAt = clock.now() + ms;
  let timer = clock.timer(
    ms,
    () => {
      if (clock.now() - dueAt > stalledMs) timer = clock.timer(catchUpMs, fire, true);
      else fire();
    },
    true,
  );
  return { cancel: () => timer.cancel() };
}
