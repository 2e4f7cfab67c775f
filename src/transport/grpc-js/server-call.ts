import { Metadata, type Method } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { Timer } from "../../time/time.js";
import { IncomingCall } from "../incoming-call.js";
import { MessageStream, type MessageStreamOwner } from "../message-stream.js";
import { requestNotDecodable } from "../misfit.js";
import { serve } from "../serve.js";
import type { Router } from "../transport.js";
import type { Grpc } from "./grpc.js";
import type { ResolvedOptions } from "./options.js";
import type { RequestHead } from "./request-head.js";
import { ResponseWriter } from "./response-writer.js";

/**
 * One incoming call on a grpc-js server, driven directly below its own handler classes: those have no way to answer in
 * another codec, to compress, or to hold a fast writer back.
 */
export class ServerCall implements MessageStreamOwner {
  readonly #wire: Grpc.ServerInterceptingCallInterface;
  readonly #method: Method;
  readonly #router: Router;
  readonly #options: ResolvedOptions;
  readonly #head: RequestHead;
  readonly #answer: ResponseWriter;
  #timer: Timer | undefined;
  #call: IncomingCall | undefined;
  #requests: MessageStream | undefined;
  #request: unknown;
  #count = 0;
  #reading = false;

  constructor(
    wire: Grpc.ServerInterceptingCallInterface,
    method: Method,
    head: RequestHead,
    router: Router,
    options: ResolvedOptions,
  ) {
    this.#wire = wire;
    this.#method = method;
    this.#router = router;
    this.#options = options;
    this.#head = head;
    this.#answer = new ResponseWriter(wire, method, head, options, () => this.#answered());
  }

  start(): void {
    this.#watchDeadline();
    this.#wire.start({
      onReceiveMetadata: () => this.#begin(),
      onReceiveMessage: (bytes: Buffer) => this.#receive(bytes),
      onReceiveHalfClose: () => this.#halfClose(),
      onCancel: () => this.#cancelled(),
    });
  }

  #watchDeadline(): void {
    const { deadline } = this.#head;
    if (deadline === undefined) return;
    const { clock } = this.#options;
    const { fullName } = this.#method;
    this.#timer = clock.timer(Math.max(0, deadline - clock.now()), () => {
      this.#fail(new RpcError(Code.DEADLINE_EXCEEDED, `${fullName}: the deadline passed`));
    });
  }

  #begin(): void {
    if (this.#method.requestStream) {
      this.#requests = new MessageStream(this);
      this.#serve(this.#requests);
    }
    this.#read();
  }

  onRoom(): void {
    this.#read();
  }

  #read(): void {
    if (this.#reading || this.#answer.over) return;
    this.#reading = true;
    this.#wire.startRead();
  }

  #receive(bytes: Buffer): void {
    this.#reading = false;
    if (this.#answer.over) return;
    let message: unknown;
    try {
      message = this.#head.codec.decode(this.#method.request, bytes);
    } catch (cause) {
      this.#fail(requestNotDecodable(this.#method, cause));
      return;
    }
    this.#count++;
    if (this.#requests === undefined) {
      this.#request = message;
      this.#read();
    } else {
      this.#requests.push(message);
      if (!this.#requests.full) this.#read();
    }
  }

  #halfClose(): void {
    if (this.#answer.over) return;
    if (this.#withinMessage) {
      this.#fail(new RpcError(Code.INTERNAL, `${this.#method.fullName}: the requests broke off within a message`));
    } else if (this.#requests !== undefined) setImmediate(() => this.#endRequests());
    else if (this.#count === 1) this.#serve(this.#request);
    else {
      const message = `${this.#method.fullName}: ${this.#count} requests to a method that takes one`;
      this.#fail(new RpcError(Code.UNIMPLEMENTED, message));
    }
  }

  /** grpc-js drops what does not make up a whole message, and keeps to itself that there was something. */
  get #withinMessage(): boolean {
    const { decoder } = this.#wire as unknown as { readonly decoder?: { readonly readState?: number } };
    return (decoder?.readState ?? 0) !== 0;
  }

  /** A stream that was reset has ended too, and a client on node:http2 ends each before it resets it: that is no end. */
  #endRequests(): void {
    if (!this.#head.stream.closed) this.#requests?.end();
  }

  #serve(message: unknown): void {
    this.#call = new IncomingCall({
      method: this.#method,
      message,
      metadata: this.#head.metadata,
      deadline: this.#head.deadline,
      peer: this.#wire.getPeer(),
      sink: this.#answer,
    });
    serve(this.#call, this.#router, this.#answer);
  }

  #answered(): void {
    this.#timer?.cancel();
    this.#requests?.end();
  }

  /** grpc-js also calls this when a call has ended well. */
  #cancelled(): void {
    const ended = this.#answer.over;
    this.#answer.abandon();
    if (ended) return;
    this.#timer?.cancel();
    this.#call?.cancel();
    this.#requests?.end(new RpcError(Code.CANCELLED, `${this.#method.fullName}: cancelled by the caller`));
  }

  /** Answers before, or instead of, the handler. */
  #fail(error: RpcError): void {
    this.#requests?.end(error);
    this.#answer.end(error, this.#call?.trailer ?? new Metadata());
    this.#answer.abandon();
    this.#call?.cancel(error);
  }
}
