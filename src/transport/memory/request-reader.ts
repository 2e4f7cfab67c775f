import { AsyncResource } from "node:async_hooks";
import { type Steps, stepOf, stepsOf } from "../../contract/contract.js";
import type { RpcError } from "../../errors/errors.js";
import { stopSteps } from "../stop-steps.js";
import { Turns } from "../turns.js";

export interface RequestReaderOptions {
  /** The caller's stream. */
  readonly source: unknown;
  /** @throws RpcError for a message that cannot cross */
  readonly copy: (message: unknown) => unknown;
  /** The caller's stream failed, or gave something that cannot cross; gives back what the handler is told. */
  readonly onFailure: (reason: unknown) => RpcError;
}

/**
 * The caller's requests as the handler reads them: one is fetched when one is asked for. To be made where the call is:
 * there the caller's stream runs, as it does over the wire, and not in the call of whoever reads it.
 */
export class RequestReader implements AsyncIterableIterator<unknown> {
  readonly #options: RequestReaderOptions;
  readonly #source: Steps;
  readonly #caller = new AsyncResource("RequestReader");
  readonly #turns = new Turns();
  #stopped = false;
  /** The caller's stream knows that nobody reads on. */
  #told = false;
  #error: RpcError | undefined;
  /** Lets go of a reader that waits for the caller. */
  #release: (() => void) | undefined;

  /** @throws TypeError for a source that cannot be iterated */
  constructor(options: RequestReaderOptions) {
    this.#options = options;
    this.#source = stepsOf(options.source);
  }

  async next(): Promise<IteratorResult<unknown>> {
    const turn = this.#turns.next();
    if (turn !== undefined) await turn;
    if (!this.#stopped) {
      try {
        const step = this.#caller.runInAsyncScope(stepOf, undefined, this.#source);
        const result = "then" in step ? await Promise.race([step, this.#untilStopped()]) : step;
        if (result?.done === true) this.#told = true; // it has ended by itself
        if (!this.#stopped && result !== undefined) {
          return result.done === true ? result : { done: false, value: this.#options.copy(result.value) };
        }
        this.#tell();
      } catch (reason) {
        this.stop(this.#options.onFailure(reason));
      }
    }
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.stop();
    return { done: true, value: undefined };
  }

  /** Nobody shall read on: the caller's generator runs its `finally`. @param error for a reader who asks again */
  stop(error?: RpcError): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#error = error;
    this.#release?.();
    this.#tell();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tell(): void {
    if (!this.#told) this.#told = this.#caller.runInAsyncScope(stopSteps, undefined, this.#source);
  }

  #untilStopped(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#release = () => resolve(undefined);
    });
  }
}
