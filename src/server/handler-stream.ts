import {
  type HandlerCall,
  type Logger,
  type MessageSink,
  type ObservableStream,
  type PushingStream,
  runInCall,
  type Steps,
  type StreamObserver,
  StreamObservers,
  stepOf,
  stepsOf,
} from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { handlerFailure, loggedFailure } from "./handler-failure.js";

/** What a handler answers with many messages; each step of it runs inside its call. */
export class HandlerStream implements AsyncIterableIterator<unknown>, ObservableStream, PushingStream {
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

  async next(): Promise<IteratorResult<unknown>> {
    try {
      return this.#tell(await runInCall(this.#call, stepOf, this.#responses));
    } catch (reason) {
      throw this.#failed(reason);
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#observers.stop();
    try {
      await runInCall(this.#call, () => this.#responses.return?.());
    } catch (reason) {
      throw loggedFailure(reason, this.#call, this.#logger);
    }
    return { done: true, value: undefined };
  }

  /** The call is entered once for all steps. */
  pushTo(sink: MessageSink): Promise<void> {
    return runInCall(this.#call, () => this.#push(sink));
  }

  async #push(sink: MessageSink): Promise<void> {
    for (;;) {
      let result: IteratorResult<unknown>;
      try {
        const step = stepOf(this.#responses);
        result = this.#tell("then" in step ? await step : step);
      } catch (reason) {
        throw this.#failed(reason);
      }
      if (result.done === true) return;
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

  #tell(result: IteratorResult<unknown>): IteratorResult<unknown> {
    if (result.done === true) this.#observers.complete();
    else this.#observers.message();
    return result;
  }

  #failed(reason: unknown): RpcError {
    const error = handlerFailure(reason, this.#call, this.#logger);
    this.#observers.fail(error);
    return error;
  }
}
