import {
  type Call,
  type CallChanges,
  ContextValues,
  type Instance,
  type LazySignal,
  type Metadata,
  type Method,
} from "../contract/contract.js";
import type { Deadline } from "../time/time.js";

/** A call as a client makes it. */
export class OutgoingCall implements Call {
  readonly method: Method;
  readonly message: unknown;
  readonly metadata: Metadata;
  readonly deadline: Deadline | undefined;
  readonly values: ContextValues;
  readonly attempt: number;
  readonly instance: Instance | undefined;
  readonly cancellation: AbortSignal | LazySignal | undefined;

  /** @param cancellation what ends it before its deadline */
  constructor(
    method: Method,
    message: unknown,
    metadata: Metadata,
    deadline: Deadline | undefined,
    cancellation: AbortSignal | LazySignal | undefined,
    values: ContextValues = new ContextValues(),
    attempt = 0,
    instance: Instance | undefined = undefined,
  ) {
    this.method = method;
    this.message = message;
    this.metadata = metadata;
    this.deadline = deadline;
    this.cancellation = cancellation;
    this.values = values;
    this.attempt = attempt;
    this.instance = instance;
  }

  get signal(): AbortSignal | undefined {
    const { cancellation } = this;
    return cancellation !== undefined && "signal" in cancellation ? cancellation.signal : cancellation;
  }

  with(changes: CallChanges): OutgoingCall {
    return new OutgoingCall(
      this.method,
      "message" in changes ? changes.message : this.message,
      changes.metadata ?? this.metadata,
      "deadline" in changes ? changes.deadline : this.deadline,
      "signal" in changes ? changes.signal : this.cancellation,
      this.values,
      changes.attempt ?? this.attempt,
      changes.instance ?? this.instance,
    );
  }
}
