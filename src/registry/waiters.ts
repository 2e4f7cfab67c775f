/** Those who wait for the same to happen, each until its signal aborts; of who has gone nothing is left. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake()`, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
