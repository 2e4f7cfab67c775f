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

/** `setTimeout` counts whole ms of a clock of its own and fires up to 2 ms early: whatever it says is checked. */
class SystemTimer implements Timer {
  readonly #dueAt: number;
  readonly #fire: () => void;
  readonly #background: boolean;
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, fire: () => void, background: boolean) {
    this.#dueAt = now() + delayMs;
    this.#fire = fire;
    this.#background = background;
    this.#handle = this.#wait(delayMs);
  }

  static #wake(timer: SystemTimer): void {
    const leftMs = timer.#dueAt - now();
    if (leftMs > 0) timer.#handle = timer.#wait(leftMs);
    else timer.#fire();
  }

  #wait(ms: number): NodeJS.Timeout {
    const handle = setTimeout(SystemTimer.#wake, Math.min(Math.ceil(ms), longestDelayMs), this);
    return this.#background ? handle.unref() : handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

const { timeOrigin } = performance;

function now(): number {
  return timeOrigin + performance.now();
}

/** The machine's clock: monotonic, set to the Unix epoch when the process started. */
export const systemClock: Clock = {
  now,
  timer: (delayMs, fire, background = false) => new SystemTimer(delayMs, fire, background),
};
