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
  readonly #ending: AbortSignal | LazySignal | undefined;

  /** @param ending what ends it before its deadline */
  constructor(
    method: Method,
    message: unknown,
    metadata: Metadata,
    deadline: Deadline | undefined,
    ending: AbortSignal | LazySignal | undefined,
    values: ContextValues = new ContextValues(),
    attempt = 0,
    instance: Instance | undefined = undefined,
  ) {
    this.method = method;
    this.message = message;
    this.metadata = metadata;
    this.deadline = deadline;
    this.#ending = ending;
    this.values = values;
    this.attempt = attempt;
    this.instance = instance;
  }

  get signal(): AbortSignal | undefined {
    const ending = this.#ending;
    return isLazy(ending) ? ending.signal : ending;
  }

  get cancellation(): LazySignal | undefined {
    const ending = this.#ending;
    return isLazy(ending) ? ending : undefined;
  }

  with(changes: CallChanges): OutgoingCall {
    return new OutgoingCall(
      this.method,
      "message" in changes ? changes.message : this.message,
      changes.metadata ?? this.metadata,
      "deadline" in changes ? changes.deadline : this.deadline,
      "signal" in changes ? changes.signal : this.#ending,
      this.values,
      changes.attempt ?? this.attempt,
      changes.instance ?? this.instance,
    );
  }
}

function isLazy(ending: AbortSignal | LazySignal | undefined): ending is LazySignal {
  return ending !== undefined && "signal" in ending;
}
