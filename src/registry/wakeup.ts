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

  /** Resolves at the next wake-up, at once where one is kept. One caller at a time. */
  wait(): Promise<void> {
    if (!this.#pending) {
      return new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
    this.#pending = false;
    return Promise.resolve();
  }
}
