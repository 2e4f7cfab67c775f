import {
  type HandlerCall,
  type Logger,
  type MessageSink,
  type ObservableStream,
  type PipeableStream,
  runInCall,
  type Steps,
  type StreamObserver,
  StreamObservers,
  stepsOf,
} from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { known } from "./handler-failure.js";

/** What a handler answers with many messages; each step of it runs inside its call. */
export class HandlerStream implements AsyncIterableIterator<unknown>, ObservableStream, PipeableStream {
  readonly #responses: Steps;
  readonly #call: HandlerCall;
  readonly #logger: Logger;
  readonly #observers = new StreamObservers();

  /** @throws TypeError for responses that cannot be iterated */
  constructor(responses: unknown, call: HandlerCall, logger: Logger) {
    this.#responses = stepsOf(responses);
    this.#call = call;
    this.#logger = logger;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#step().then(this.#onResult, this.#onFailure);
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

  readonly #onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) this.#observers.complete();
    else this.#observers.message();
    return result;
  };

  readonly #onFailure = (reason: unknown): never => {
    throw this.#failed(reason);
  };

  #failed(reason: unknown): RpcError {
    const error = known(reason, this.#call, this.#logger);
    this.#observers.fail(error);
    return error;
  }
}

function step(responses: Steps): Promise<IteratorResult<unknown>> | IteratorResult<unknown> {
  return responses.next();
}
