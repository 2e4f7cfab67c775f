import {
  type Call,
  type CallChanges,
  Cancellation,
  ContextValues,
  type HandlerCall,
  type Instance,
  type LazySignal,
  Metadata,
  type Method,
} from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Deadline } from "../time/time.js";

/** Where the header of an answer goes. */
export interface HeaderSink {
  /** Before the first message, at most once. */
  header(header: Metadata): void;
}

export interface IncomingCallOptions {
  readonly method: Method;
  readonly message: unknown;
  readonly metadata: Metadata;
  readonly deadline: Deadline | undefined;
  readonly peer: string;
  readonly sink: HeaderSink;
}

/** A call as it arrives, whatever the transport. Metadata to send and the abort signal are made when first asked for. */
export class IncomingCall implements HandlerCall {
  readonly method: Method;
  readonly message: unknown;
  readonly metadata: Metadata;
  readonly deadline: Deadline | undefined;
  readonly peer: string;
  readonly attempt = 0;
  readonly instance: Instance | undefined = undefined;
  readonly cancellation: Cancellation = new Cancellation();
  readonly #sink: HeaderSink;
  #values: ContextValues | undefined;
  #header: Metadata | undefined;
  #headerSent = false;
  #trailer: Metadata | undefined;

  constructor(options: IncomingCallOptions) {
    this.method = options.method;
    this.message = options.message;
    this.metadata = options.metadata;
    this.deadline = options.deadline;
    this.peer = options.peer;
    this.#sink = options.sink;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get header(): Metadata {
    this.#header ??= new Metadata();
    return this.#header;
  }

  get trailer(): Metadata {
    this.#trailer ??= new Metadata();
    return this.#trailer;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  sendHeader(header: Metadata = this.header): void {
    if (this.#headerSent) return;
    this.#headerSent = true;
    this.#sink.header(header);
  }

  /** The caller has gone. */
  cancel(reason: RpcError = new RpcError(Code.CANCELLED, `${this.method.fullName}: cancelled by the caller`)): void {
    this.cancellation.abort(reason);
  }

  with(changes: CallChanges): Call {
    return new ChangedCall(this, changes);
  }
}

/** A `HandlerCall` with something changed; everything else is the original's. */
class ChangedCall implements HandlerCall {
  readonly #base: HandlerCall;
  readonly #changes: CallChanges;

  constructor(base: HandlerCall, changes: CallChanges) {
    this.#base = base;
    this.#changes = changes;
  }

  get method(): Method {
    return this.#base.method;
  }
  get message(): unknown {
    return "message" in this.#changes ? this.#changes.message : this.#base.message;
  }
  get metadata(): Metadata {
    return this.#changes.metadata ?? this.#base.metadata;
  }
  get deadline(): Deadline | undefined {
    return "deadline" in this.#changes ? this.#changes.deadline : this.#base.deadline;
  }
  get signal(): AbortSignal {
    return this.#changes.signal ?? this.#base.signal;
  }
  get cancellation(): AbortSignal | LazySignal | undefined {
    return this.#changes.signal === undefined ? this.#base.cancellation : undefined;
  }
  get values(): ContextValues {
    return this.#base.values;
  }
  get attempt(): number {
    return this.#changes.attempt ?? this.#base.attempt;
  }
  get instance(): Instance | undefined {
    return this.#changes.instance ?? this.#base.instance;
  }
  get header(): Metadata {
    return this.#base.header;
  }
  get trailer(): Metadata {
    return this.#base.trailer;
  }
  get peer(): string {
    return this.#base.peer;
  }
  sendHeader(): void {
    this.#base.sendHeader();
  }
  with(changes: CallChanges): Call {
    return new ChangedCall(this.#base, { ...this.#changes, ...changes });
  }
}
