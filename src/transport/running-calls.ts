/** Counts what runs, so that closing can wait for it. */
export class RunningCalls {
  #count = 0;
  #idle: (() => void) | undefined;

  begin(): void {
    this.#count++;
  }

  readonly end = (): void => {
    this.#count--;
    if (this.#count === 0) this.#idle?.();
  };

  /** Resolves when nothing runs; to be asked once, when nothing more begins. */
  drained(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }
}
