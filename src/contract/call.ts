import type { Deadline } from "../time/time.js";
import type { LazySignal } from "./cancellation.js";
import type { ContextValues } from "./context.js";
import type { Instance } from "./instance.js";
import type { Metadata } from "./metadata.js";
import type { Method } from "./method.js";

/** What goes in: one RPC, seen from either side. */
export interface Call {
  readonly method: Method;
  /** The request; an `AsyncIterable` of requests where `method.requestStream`. */
  readonly message: unknown;
  /** On the client what will be sent, on the server what came. */
  readonly metadata: Metadata;
  /** When the answer must be there, absolute; undefined where it may take for ever. */
  readonly deadline: Deadline | undefined;
  /** Aborts where the caller gives up. Undefined where nothing but the deadline can end the call. */
  readonly signal: AbortSignal | undefined;
  /** Where `signal` is only made when it is asked for: what says the same without; see `abortSource()`. */
  readonly cancellation?: AbortSignal | LazySignal | undefined;
  /** Shared by everything that handles this call in this process. */
  readonly values: ContextValues;
  /** Which try this is, from 1; 0 where no instance has been picked yet, and on the server. */
  readonly attempt: number;
  /** Whom this attempt goes to; undefined where none has been picked yet, and on the server. */
  readonly instance: Instance | undefined;
  /** The same call with something changed. */
  with(changes: CallChanges): Call;
}

export type CallChanges = {
  readonly [Key in "message" | "metadata" | "deadline" | "signal" | "attempt" | "instance"]?: Call[Key];
};

/** Says what `call.signal` says, and makes no signal for it. */
export function abortSource(call: Call): AbortSignal | LazySignal | undefined {
  // A call that was changed by hand, `{ ...call, signal }`, means the signal it was given.
  return Object.hasOwn(call, "signal") ? call.signal : (call.cancellation ?? call.signal);
}

/** What comes out. */
export interface Reply {
  /** The response; an `AsyncIterable` of responses where `method.responseStream`. Breaking out of it cancels the call. */
  readonly message: unknown;
  readonly header: Metadata;
  /** Complete once the message, or the last of them, has been read. */
  readonly trailer: () => Metadata;
}

/** A call as a handler sees it. */
export interface HandlerCall extends Call {
  /** Aborts where the caller gave up, the deadline passed, or the connection broke. Made when first asked for. */
  readonly signal: AbortSignal;
  /** Goes to the caller before the first response. */
  readonly header: Metadata;
  /** Goes to the caller after the last response, with an error too. */
  readonly trailer: Metadata;
  /** Where the caller is: `127.0.0.1:50123`, or `memory` in process. */
  readonly peer: string;
  /** Sends the header now instead of with the first response. */
  sendHeader(): void;
}

/** Whether a call is one that came in: what a middleware of both sides asks before it uses `trailer` or `peer`. */
export function isHandlerCall(call: Call): call is HandlerCall {
  return "peer" in call;
}

/** Carries out a call. Rejects with an `RpcError`; a failed response stream throws it while it is read. */
export type Invoke = (call: Call) => Promise<Reply>;

/** Wraps an `Invoke`. One type for both sides; the first listed is the outermost. */
export type Middleware = (next: Invoke) => Invoke;
