import type { Call, MessageType, Metadata, Method } from "../contract/contract.js";
import type { Code, RpcError } from "../errors/errors.js";
import type { Deadline } from "../time/time.js";

/** One attempt to call somebody, as the caller saw it. Moments are in ms, by the app's clock. */
export interface RecordedCall<Request = unknown, Response = unknown> {
  /** A service, or `test`. */
  readonly from: string;
  readonly to: string;
  /** As in TypeScript: `placeOrder`. */
  readonly method: string;
  /** As in traces: `shop.orders.v1.OrdersService/PlaceOrder`. */
  readonly fullName: string;
  /** From 1; a call that is repeated is recorded once for each attempt. */
  readonly attempt: number;
  /** What was sent, whole: every field with its value or its default. Of a stream what has gone through, 1000 at most. */
  readonly request: Request;
  readonly metadata: Metadata;
  /** What was received; undefined as long as nothing was. Of a stream what has been read, 1000 at most. */
  readonly response: Response | undefined;
  readonly error: RpcError | undefined;
  /** Undefined while it is under way. CANCELLED where the reader of a stream broke off. */
  readonly code: Code | undefined;
  readonly deadline: Deadline | undefined;
  readonly startedAt: number;
  /** Of a stream until it has been read. Undefined while it is under way. */
  readonly durationMs: number | undefined;
  /** Whether an injected fault met it. */
  readonly faulty: boolean;
  /** The call whose handler made this one; undefined where no handler did. */
  readonly causedBy: RecordedCall | undefined;
}

const keptMessages = 1000;

/** A record while it is written. */
export class CallRecord implements RecordedCall {
  readonly from: string;
  readonly to: string;
  readonly attempt: number;
  readonly request: unknown;
  readonly metadata: Metadata;
  readonly deadline: Deadline | undefined;
  readonly startedAt: number;
  readonly causedBy: CallRecord | undefined;
  response: unknown;
  error: RpcError | undefined;
  code: Code | undefined;
  durationMs: number | undefined;
  faulty = false;
  readonly #method: Method;

  constructor(from: string, to: string, call: Call, startedAt: number, causedBy: CallRecord | undefined) {
    const { method, metadata, deadline, attempt, message } = call;
    this.from = from;
    this.to = to;
    this.#method = method;
    this.attempt = attempt;
    this.request = method.requestStream ? [] : copyOf(method.request, message);
    this.metadata = metadata.clone();
    this.deadline = deadline;
    this.startedAt = startedAt;
    this.causedBy = causedBy;
    this.response = method.responseStream ? [] : undefined;
  }

  get method(): string {
    return this.#method.localName;
  }

  get fullName(): string {
    return this.#method.fullName;
  }

  /** One more of a stream has gone through. */
  sent(message: unknown): void {
    keep(this.request as unknown[], copyOf(this.#method.request, message));
  }

  received(message: unknown): void {
    const copy = copyOf(this.#method.response, message);
    if (this.#method.responseStream) keep(this.response as unknown[], copy);
    else this.response = copy;
  }

  ended(at: number, code: Code, error: RpcError | undefined): void {
    this.durationMs = at - this.startedAt;
    this.code = code;
    this.error = error;
  }
}

/** Never shared with whoever made it. What is no such message stays as it is: the call will fail, and say why. */
export function copyOf(type: MessageType, message: unknown): unknown {
  try {
    return type.fromPartial(message);
  } catch {
    return message;
  }
}

export function keep(messages: unknown[], message: unknown): void {
  if (messages.length < keptMessages) messages.push(message);
}
