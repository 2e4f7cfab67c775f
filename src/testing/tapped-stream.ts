/** Is told of what passes; one of the last three comes, once. */
export interface StreamTap {
  message(message: unknown): void;
  /** The last has been read. */
  complete?(): void;
  /** Reading failed. Returns what the reader shall see. */
  failed?(reason: unknown): unknown;
  /** The reader broke off. */
  left?(): void;
}

/** The same messages with somebody watching; whoever breaks off is heard at once, even while a message is awaited. */
export class TappedStream implements AsyncIterableIterator<unknown> {
  readonly #source: AsyncIterable<unknown>;
  #tap: StreamTap | undefined;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(source: AsyncIterable<unknown>, tap: StreamTap) {
    this.#source = source;
    this.#tap = tap;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#open().next();
      if (result.done === true) this.#end()?.complete?.();
      else this.#tap?.message(result.value);
      return result;
    } catch (reason) {
      throw this.#end()?.failed?.(reason) ?? reason;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#end()?.left?.();
    return (await this.#open().return?.()) ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): AsyncIterator<unknown> {
    this.#iterator ??= this.#source[Symbol.asyncIterator]();
    return this.#iterator;
  }

  /** Whoever is told of the end; undefined where it has been. */
  #end(): StreamTap | undefined {
    const tap = this.#tap;
    this.#tap = undefined;
    return tap;
  }
}
