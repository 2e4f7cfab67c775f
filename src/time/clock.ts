/** An absolute moment in ms on the clock that made it: the last at which an answer is still wanted. */
export type Deadline = number;

export interface Timer {
  /** The timer will not fire. Does nothing where it already has. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch, with fractions; never goes backwards. */
  now(): number;
  /**
   * Calls `fire` once, `delayMs` from now or later; on its own account, not in the call or the trace that set the timer:
   * whoever waits for a promise goes on where he was.
   *
   * @param background whether the process may end while this timer is pending. Default: false.
   */
  timer(delayMs: number, fire: () => void, background?: boolean): Timer;
}
