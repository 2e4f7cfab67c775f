import type { RpcError } from "../../errors/errors.js";

export interface RequestReaderOptions {
  readonly source: AsyncIterable<unknown>;
  /** @throws RpcError for a message that cannot cross */
  readonly copy: (message: unknown) => unknown;
  /** The caller's stream failed, or gave something that cannot cross; gives back what the handler is told. */
  readonly onFailure: (reason: unknown) => RpcError;
}

/** The caller's requests as the handler reads them: one is fetched when one is asked for. */
export class RequestReader implements AsyncIterableIterator<unknown> {
  readonly #options: RequestReaderOptions;
  readonly #source: AsyncIterator<unknown>;
  #stopped = false;
  #error: RpcError | undefined;
  /** Lets go of a reader that waits for the caller. */
  #release: (() => void) | undefined;

  constructor(options: RequestReaderOptions) {
    this.#options = options;
    this.#source = options.source[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (!this.#stopped) {
      try {
        const result = await Promise.race([this.#source.next(), this.#untilStopped()]);
        if (result !== undefined) {
          return result.done === true ? result : { done: false, value: this.#options.copy(result.value) };
        }
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
    void Promise.resolve(this.#source.return?.()).catch(() => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #untilStopped(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#release = () => resolve(undefined);
    });
  }
}
