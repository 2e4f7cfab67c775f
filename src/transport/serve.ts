import { type MessageSink, Metadata, pushTo, type Reply } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { HeaderSink, IncomingCall } from "./incoming-call.js";
import type { Router } from "./transport.js";
import { Turns } from "./turns.js";

/** Where the answer to one call goes. */
export interface ResponseSink extends HeaderSink {
  /** Resolves when the caller can take more; that is what slows a fast handler. @throws RpcError for one that cannot be sent */
  message(message: unknown): Promise<void> | undefined;
  /** Once, last. @throws where the error cannot be written; then once more, with another */
  end(error: RpcError | undefined, trailer: Metadata): void;
}

/** Runs one call through the server and writes what comes of it. */
export function serve(call: IncomingCall, router: Router, sink: ResponseSink): void {
  new Answer(call, router, sink).begin();
}

/** What comes of one call, on its way out. */
class Answer implements MessageSink {
  readonly #call: IncomingCall;
  readonly #router: Router;
  readonly #sink: ResponseSink;
  #reply: Reply | undefined;
  #turns: Turns | undefined;

  constructor(call: IncomingCall, router: Router, sink: ResponseSink) {
    this.#call = call;
    this.#router = router;
    this.#sink = sink;
  }

  begin(): void {
    this.#router.invoke(this.#call).then(
      (reply) => this.#write(reply),
      (reason: unknown) => this.#fail(reason),
    );
  }

  get closed(): boolean {
    return this.#call.cancellation.aborted;
  }

  take(message: unknown): Promise<void> | undefined {
    if (this.closed) return undefined;
    this.#call.sendHeader(this.#reply?.header);
    try {
      const written = this.#sink.message(message);
      return written === undefined ? this.#turns?.next() : written.catch((reason: unknown) => this.#unsendable(reason));
    } catch (reason) {
      return this.#unsendable(reason);
    }
  }

  /** A response that cannot be sent, at once or once it is compressed, is a fault no middleware has seen: the server is told. */
  #unsendable(reason: unknown): never {
    const error = RpcError.from(reason);
    this.#router.onFault?.(error, this.#call);
    throw error;
  }

  #write(reply: Reply): void {
    this.#reply = reply;
    try {
      const written = this.#call.method.responseStream ? this.#writeStream(reply) : this.take(reply.message);
      if (written === undefined) this.#end(reply);
      else {
        written.then(
          () => this.#end(reply),
          (reason: unknown) => this.#fail(reason),
        );
      }
    } catch (reason) {
      this.#fail(reason);
    }
  }

  #writeStream(reply: Reply): Promise<void> {
    this.#turns = new Turns();
    return pushTo(this, reply.message as AsyncIterable<unknown>);
  }

  #end(reply: Reply): void {
    try {
      if (!this.closed) this.#call.sendHeader(reply.header);
      this.#sink.end(undefined, reply.trailer());
    } catch (reason) {
      this.#fail(reason);
    }
  }

  /** An error that cannot be written is a fault no middleware has seen, too, and the caller waits for an end. */
  #fail(reason: unknown): void {
    const call = this.#call;
    try {
      this.#sink.end(RpcError.from(reason), call.trailer);
    } catch (cause) {
      const message = `${call.method.fullName}: the error of the handler cannot be sent`;
      const fault = new RpcError(Code.INTERNAL, message, { cause });
      this.#router.onFault?.(fault, call);
      this.#sink.end(fault, new Metadata());
    }
  }
}
