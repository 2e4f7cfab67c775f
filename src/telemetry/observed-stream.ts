import { type Context, context } from "@opentelemetry/api";
import type { StreamObserver } from "../contract/contract.js";

/** Is told what becomes of a stream, and says what the reader shall see where it broke. */
export interface FailureObserver extends StreamObserver {
  fail(reason: unknown): unknown;
}

/** The same messages with somebody watching. A read costs one more promise and a counter. */
export class ObservedStream implements AsyncIterableIterator<unknown> {
  readonly #source: AsyncIterable<unknown>;
  readonly #observer: FailureObserver;
  readonly #context: Context | undefined;
  readonly #onResult: (result: IteratorResult<unknown>) => IteratorResult<unknown>;
  readonly #onError: (reason: unknown) => never;
  #iterator: AsyncIterator<unknown> | undefined;

  /** @param within what each read runs in, so that the code that makes the messages does. Default: the reader's own */
  constructor(source: AsyncIterable<unknown>, observer: FailureObserver, within?: Context) {
    this.#source = source;
    this.#observer = observer;
    this.#context = within;
    this.#onResult = (result) => {
      if (result.done) observer.complete();
      else observer.message();
      return result;
    };
    this.#onError = (reason) => {
      throw observer.fail(reason);
    };
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#context === undefined ? this.#read() : context.with(this.#context, this.#read, this);
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.#observer.stop();
    return this.#context === undefined ? this.#close(value) : context.with(this.#context, this.#close, this, value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #read(): Promise<IteratorResult<unknown>> {
    try {
      return this.#open().next().then(this.#onResult, this.#onError);
    } catch (reason) {
      return Promise.reject(this.#observer.fail(reason));
    }
  }

  #close(value: unknown): Promise<IteratorResult<unknown>> {
    return this.#open().return?.(value) ?? Promise.resolve({ done: true, value });
  }

  #open(): AsyncIterator<unknown> {
    this.#iterator ??= this.#source[Symbol.asyncIterator]();
    return this.#iterator;
  }
}
