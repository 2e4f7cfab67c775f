import {
  abortSource,
  type CallOptions,
  type Cancellation,
  currentCall,
  type Invoke,
  type Method,
  RequestStream,
} from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { receivedTrailer } from "../transport/received-trailer.js";
import { deadlineOf, link, metadataOf } from "./inherit.js";
import { OutgoingCall } from "./outgoing-call.js";

/** One method of a client: what its calls have in common. */
export interface OutgoingMethod {
  readonly method: Method;
  readonly invoke: Invoke;
  /** For unary calls; streams may take for ever. */
  readonly timeoutMs: number;
  readonly deadlineMarginMs: number;
  readonly clock: Clock;
}

/** A call that is to be made. */
export interface Begun {
  readonly call: OutgoingCall;
  /** The call is over: let go of what it listened to. */
  readonly release: (() => void) | undefined;
}

/** @param leave what ends the call besides its options. @throws for options and requests that cannot be */
export function begin(outgoing: OutgoingMethod, request: unknown, options: CallOptions, leave?: Cancellation): Begun {
  const { method, timeoutMs, deadlineMarginMs, clock } = outgoing;
  const parent = options.detached === true ? undefined : currentCall();
  const defaultTimeoutMs = method.kind === "unary" ? timeoutMs : Number.POSITIVE_INFINITY;
  const metadata = metadataOf(options, parent);
  const deadline = deadlineOf(options, parent, defaultTimeoutMs, deadlineMarginMs, clock);
  const message = method.requestStream ? requestsOf(method, request) : request;
  const { ending, release } = link(options.signal, parent && abortSource(parent), leave); // last: what listens is let go of
  return { call: new OutgoingCall(method, message, metadata, deadline, ending), release };
}

function requestsOf(method: Method, request: unknown): RequestStream {
  try {
    return new RequestStream(request as AsyncIterable<unknown>);
  } catch (cause) {
    throw new RpcError(Code.INVALID_ARGUMENT, `${method.fullName}: ${(cause as Error).message}`, { cause });
  }
}

/** Of a call that failed; there is none where the failure is this side's. */
export function tellTrailer({ values }: OutgoingCall, { onTrailer }: CallOptions): void {
  const trailer = values.get(receivedTrailer);
  if (trailer !== undefined) onTrailer?.(trailer());
}
