/** Longer than any event loop is busy that is well. */
const stalledMs = 1000;

/** For what came while the event loop stood still to be read, in ms. */
export const catchUpMs = 500;

/**
 * Whether a timer that fires so much later than due says more of this process than of its peer: timers fire before what
 * lies in the sockets is read.
 */
export function isStalled(lateMs: number): boolean {
  return lateMs > stalledMs;
}
