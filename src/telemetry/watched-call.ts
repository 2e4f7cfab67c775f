import type { Context } from "@opentelemetry/api";
import { abortSource, type Call, type Invoke, isObservable, type Reply, withMessage } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import { type FailureObserver, ObservedStream } from "./observed-stream.js";

/** Follows one call to its end, which for a response stream is when it has been read, has broken or was given up. */
export abstract class WatchedCall implements FailureObserver {
  protected readonly call: Call;
  /** How many responses have passed. */
  protected responses = 0;
  readonly #within: Context | undefined;
  #ended = false;

  /** @param within what a response stream runs in. Default: its reader's own */
  constructor(call: Call, within?: Context) {
    this.call = call;
    this.#within = within;
  }

  /** The call is over; called once. */
  protected abstract ended(code: Code, error: RpcError | undefined): void;

  /** Carries the call out. */
  invoke(next: Invoke, call: Call = this.call): Promise<Reply> {
    try {
      return next(call).then(
        (reply) => this.#replied(reply),
        (reason) => {
          throw this.fail(reason);
        },
      );
    } catch (reason) {
      return Promise.reject(this.fail(reason));
    }
  }

  message(): void {
    this.responses++;
  }

  complete(): void {
    this.#end(Code.OK, undefined);
  }

  fail(reason: unknown): RpcError {
    const error = RpcError.from(reason);
    this.#end(error.code, error);
    return error;
  }

  stop(): void {
    if (this.#ended) return;
    const reason = abortSource(this.call)?.reason;
    if (reason instanceof RpcError) this.fail(reason);
    else this.#end(Code.CANCELLED, undefined);
  }

  #replied(reply: Reply): Reply {
    const { message } = reply;
    if (!this.call.method.responseStream) {
      this.message();
      this.complete();
    } else if (this.#within === undefined && isObservable(message)) message.observedBy(this);
    else return withMessage(reply, new ObservedStream(message as AsyncIterable<unknown>, this, this.#within));
    return reply;
  }

  #end(code: Code, error: RpcError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.ended(code, error);
  }
}
