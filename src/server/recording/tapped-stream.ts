export interface StreamTap {
  /** One more message has been read. */
  message(message: unknown): void;
  /** No more comes: the last has been read, reading it failed, or the reader broke off. May be called more than once. */
  ended(how: { readonly error?: unknown; readonly brokeOff?: boolean }): void;
}

/** The same messages, with somebody who sees them pass. */
export class TappedStream implements AsyncIterableIterator<unknown> {
  readonly #source: AsyncIterable<unknown>;
  readonly #tap: StreamTap;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(source: AsyncIterable<unknown>, tap: StreamTap) {
    this.#source = source;
    this.#tap = tap;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#open().next();
      if (result.done) this.#tap.ended({});
      else this.#tap.message(result.value);
      return result;
    } catch (error) {
      this.#tap.ended({ error });
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#tap.ended({ brokeOff: true });
    return (await this.#open().return?.()) ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): AsyncIterator<unknown> {
    this.#iterator ??= this.#source[Symbol.asyncIterator]();
    return this.#iterator;
  }
}
