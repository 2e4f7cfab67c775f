/** A stream whose reader can be sent home while it waits for the next message. */
export class Interruptible<T> implements AsyncIterableIterator<T> {
  readonly #source: AsyncIterator<T>;
  #error: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(source: AsyncIterable<T>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The reader's `next()`, the present one or the one to come, rejects with the error. The first error counts. */
  interrupt(error: Error): void {
    this.#error ??= error;
    this.#reject?.(this.#error);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#source.next().then(resolve, reject);
    });
  }

  /** Does not wait for the source: it may be stuck in a `next()` of its own. */
  async return(): Promise<IteratorResult<T>> {
    this.#source.return?.().catch(() => {});
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
