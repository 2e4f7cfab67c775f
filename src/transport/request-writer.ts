import { AsyncResource } from "node:async_hooks";
import { type MessageSink, type Method, type Steps, stepOf, stepsOf } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { requestNotEncodable, requestsFailed } from "./misfit.js";
import { stopSteps } from "./stop-steps.js";
import { Turns } from "./turns.js";

/** Where the requests of one call go. `stop()` says at once that it is closed; `closed` is for what only asking finds out. */
export interface RequestSink extends MessageSink {
  /** All have been taken, and no other follows. */
  end(): Promise<void> | void;
  /** The caller's stream failed, or gave what cannot be sent. */
  fail(error: RpcError): void;
}

/**
 * Writes a caller's stream of requests, no faster than they are taken. A stream that never waits, as an array or a plain
 * generator, costs no promise a message, and gives way to everything else at times. To be made where the call is: there
 * the stream runs, whoever makes room for it.
 */
export class RequestWriter {
  readonly #method: Method;
  readonly #sink: RequestSink;
  readonly #caller = new AsyncResource("RequestWriter");
  readonly #turns = new Turns();
  /** To be told where nobody reads on. */
  #requests: Steps | undefined;
  #stopped = false;

  constructor(method: Method, sink: RequestSink) {
    this.#method = method;
    this.#sink = sink;
  }

  /** From the first to the last; to be called once. Resolves when all is done, and never rejects. */
  write(stream: unknown): Promise<void> {
    return this.#caller.runInAsyncScope(() => this.#write(stream));
  }

  /** No request is taken any more: the caller's stream is told at once, even where it has yet to give its next one. */
  stop(): void {
    this.#stopped = true;
    if (this.#requests === undefined) return;
    const told = this.#caller.runInAsyncScope(stopSteps, undefined, this.#requests);
    if (told) this.#requests = undefined;
  }

  async #write(stream: unknown): Promise<void> {
    try {
      const requests = stepsOf(stream);
      this.#requests = requests;
      while (!this.#over) {
        const step = stepOf(requests);
        const { done, value } = "then" in step ? await step : step;
        if (done === true) {
          this.#requests = undefined;
          if (!this.#over) await this.#sink.end();
          return;
        }
        if (this.#over) break;
        const room = this.#take(value) ?? this.#turns.next();
        if (room !== undefined) await room;
      }
      this.stop();
    } catch (cause) {
      this.#sink.fail(requestsFailed(this.#method, cause));
    }
  }

  get #over(): boolean {
    return this.#stopped || this.#sink.closed;
  }

  #take(message: unknown): Promise<void> | undefined {
    try {
      return this.#sink.take(message);
    } catch (reason) {
      throw requestNotEncodable(this.#method, reason);
    }
  }
}
