/** A stream step by step. Of an array, or a generator that is not async, no step waits for anything. */
export type Steps = AsyncIterator<unknown> | Iterator<unknown>;

/** @throws TypeError for what cannot be iterated, naming it */
export function stepsOf(stream: unknown): Steps {
  if (stream instanceof RequestStream) return stream.steps();
  if (!isIterable(stream)) {
    throw new TypeError(`a stream is an async generator, or another iterable, and not ${nameOf(stream)}`);
  }
  return Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
}

/** The next step. A promise among plain values is waited for, as `for await` does. */
export function stepOf(steps: Steps): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
  const step = steps.next();
  if ("then" in step || !(step.value instanceof Promise)) return step;
  const { done = false, value } = step;
  return value.then((settled: unknown) => ({ done, value: settled }));
}

/** A stream of requests that remembers whether anybody began to read it: until then the call can be made again. */
export class RequestStream implements AsyncIterable<unknown> {
  readonly #source: AsyncIterable<unknown> | Iterable<unknown>;
  #started = false;

  /** @throws TypeError where there is nothing to iterate */
  constructor(source: AsyncIterable<unknown> | Iterable<unknown>) {
    if (!isIterable(source)) throw new TypeError("a stream of requests is an async iterable, or an array");
    this.#source = source;
  }

  get started(): boolean {
    return this.#started;
  }

  /** As it was given: what need not be waited for is not. */
  steps(): Steps {
    this.#started = true;
    return stepsOf(this.#source);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const steps = this.steps();
    return Symbol.asyncIterator in this.#source ? (steps as AsyncIterator<unknown>) : waiting(steps);
  }
}

/** Text is not meant, though it can be iterated. */
function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** The same, each step a promise. */
function waiting(steps: Steps): AsyncIterator<unknown> {
  return {
    next: async () => await stepOf(steps),
    return: async () => (await steps.return?.()) ?? { done: true, value: undefined },
  };
}

function nameOf(value: unknown): string {
  if (value instanceof Promise) return "a Promise: leave out `async`, or write `async *`";
  return value === null ? "null" : typeof value === "object" ? "such an object" : `a value of type ${typeof value}`;
}
