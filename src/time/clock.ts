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
   * Calls `fire` once, `delayMs` from now or later.
   *
   * @param background whether the process may end while this timer is pending. Default: false.
   */
  timer(delayMs: number, fire: () => void, background?: boolean): Timer;
}

/** `setTimeout` counts in signed 32 bits: a longer delay would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, fire: () => void, background: boolean) {
    this.#handle = this.#arm(delayMs, fire, background);
  }

  #arm(delayMs: number, fire: () => void, background: boolean): NodeJS.Timeout {
    const handle =
      delayMs > longestDelayMs
        ? setTimeout(() => {
            this.#handle = this.#arm(delayMs - longestDelayMs, fire, background);
          }, longestDelayMs)
        : setTimeout(fire, delayMs);
    return background ? handle.unref() : handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** The machine's clock: monotonic, set to the Unix epoch when the process started. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  timer: (delayMs, fire, background = false) => new SystemTimer(delayMs, fire, background),
};
