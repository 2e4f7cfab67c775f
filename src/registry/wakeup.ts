import type { Clock } from "../time/time.js";

/** Lets one loop sleep until there is something to do. A wake-up that comes while the loop is busy is kept for it. */
export class Wakeup {
  #pending = false;
  #resume: (() => void) | undefined;

  wake(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    this.#pending = resume === undefined;
    resume?.();
  }

  /**
   * Resolves at the next wake-up, at once where one is kept. One caller at a time.
   *
   * @param within when it resolves at the latest. Default: never. `background` as for `Clock.timer()`
   */
  wait(within?: { readonly clock: Clock; readonly ms: number; readonly background?: boolean }): Promise<void> {
    if (!this.#pending) {
      return new Promise((resolve) => {
        const timer = within?.clock.timer(within.ms, () => this.wake(), within.background);
        this.#resume = () => {
          timer?.cancel();
          resolve();
        };
      });
    }
    this.#pending = false;
    return Promise.resolve();
  }
}
