import {
  type HandlerCall,
  type Logger,
  type MessageSink,
  type ObservableStream,
  type PipeableStream,
  runInCall,
  type StreamObserver,
  StreamObservers,
} from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { known } from "./handler-failure.js";

/** Of an array, or a generator that is not async, no step waits for anything. */
type Responses = AsyncIterator<unknown> | Iterator<unknown>;

/** What a handler answers with many messages; each step of it runs inside its call. */
export class HandlerStream implements AsyncIterableIterator<unknown>, ObservableStream, PipeableStream {
  readonly #responses: Responses;
  readonly #call: HandlerCall;
  readonly #logger: Logger;
  readonly #observers = new StreamObservers();

  /** @throws TypeError for responses that cannot be iterated */
  constructor(responses: unknown, call: HandlerCall, logger: Logger) {
    this.#responses = iteratorOf(responses);
    this.#call = call;
    this.#logger = logger;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#step().then(
      (result) => this.#onResult(result),
      (reason: unknown) => {
        throw this.#failed(reason);
      },
    );
  }

  /** An iterator may throw at once, or give its result as it stands. */
  #step(): Promise<IteratorResult<unknown>> {
    try {
      return Promise.resolve(runInCall(this.#call, step, this.#responses));
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#observers.stop();
    await runInCall(this.#call, () => this.#responses.return?.());
    return { done: true, value: undefined };
  }

  /** The call is entered once for all steps. */
  pipeTo(sink: MessageSink): Promise<void> {
    return runInCall(this.#call, () => this.#pipe(sink));
  }

  async #pipe(sink: MessageSink): Promise<void> {
    const responses = this.#responses;
    for (;;) {
      let result: IteratorResult<unknown>;
      try {
        const step = responses.next();
        result = "then" in step ? await step : step;
      } catch (reason) {
        throw this.#failed(reason);
      }
      if (this.#onResult(result).done === true) return;
      try {
        const room = sink.take(result.value);
        if (room !== undefined) await room;
      } catch (reason) {
        await this.return().catch(() => {}); // what the sink says comes first
        throw reason;
      }
      if (!sink.closed) continue;
      await this.return();
      return;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  observedBy(observer: StreamObserver): void {
    this.#observers.add(observer);
  }

  #onResult(result: IteratorResult<unknown>): IteratorResult<unknown> {
    if (result.done === true) this.#observers.complete();
    else this.#observers.message();
    return result;
  }

  #failed(reason: unknown): RpcError {
    const error = known(reason, this.#call, this.#logger);
    this.#observers.fail(error);
    return error;
  }
}

function step(responses: Responses): Promise<IteratorResult<unknown>> | IteratorResult<unknown> {
  return responses.next();
}

function iteratorOf(responses: unknown): Responses {
  if (typeof responses === "object" && responses !== null) {
    if (Symbol.asyncIterator in responses) return (responses as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in responses) return (responses as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("the handler of a stream gives an async iterable, or an iterable: an async generator, an array");
}
