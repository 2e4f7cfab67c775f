/** A stream of requests that remembers whether anybody began to read it: until then the call can be made again. */
export class RequestStream implements AsyncIterable<unknown> {
  readonly #source: AsyncIterable<unknown> | Iterable<unknown>;
  #started = false;

  /** @throws TypeError where there is nothing to iterate */
  constructor(source: AsyncIterable<unknown> | Iterable<unknown>) {
    const iterable =
      typeof source === "object" && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source);
    if (!iterable) throw new TypeError("a stream of requests is an async iterable, or an array");
    this.#source = source;
  }

  get started(): boolean {
    return this.#started;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const steps = this.steps();
    return Symbol.asyncIterator in this.#source
      ? (steps as AsyncIterator<unknown>)
      : fromSync(steps as Iterator<unknown>);
  }

  /** As it was given: what need not be waited for is not. */
  steps(): AsyncIterator<unknown> | Iterator<unknown> {
    this.#started = true;
    const source = this.#source;
    return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }
}

function fromSync(iterator: Iterator<unknown>): AsyncIterator<unknown> {
  return {
    next: async () => iterator.next(),
    return: async () => iterator.return?.() ?? { done: true, value: undefined },
  };
}
