import type { Deadline } from "../time/time.js";
import type { HandlerCall } from "./call.js";
import type { DeepPartial, MethodDefinition, RequestOf, ResponseOf, ServiceDefinition } from "./definition.js";
import type { Metadata, MetadataInit } from "./metadata.js";

/** What one call may ask for. */
export interface CallOptions {
  /** How long the answer may take, in ms. Default: the client's. `Infinity` waits for ever. */
  readonly timeoutMs?: number;
  /** The same as a moment, by the client's clock. Where both are given the earlier counts. */
  readonly deadline?: Deadline;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly metadata?: MetadataInit;
  /** Inherit nothing from the call being handled: for work that shall go on when that call is over. Default: false. */
  readonly detached?: boolean;
  /** Called once with what the server sent before its first response. */
  readonly onHeader?: (header: Metadata) => void;
  /** Called once with what the server sent after its last response. */
  readonly onTrailer?: (trailer: Metadata) => void;
}

/** Of a contract known only at run time: plain objects in and out. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of the messages
type UntypedMethod<Second> = (request: any, second: Second) => any;

type ClientMethod<M extends MethodDefinition> = boolean extends M["requestStream"]
  ? UntypedMethod<CallOptions | undefined | void>
  : M["requestStream"] extends true
    ? (requests: Messages<DeepPartial<RequestOf<M>>>, options?: CallOptions) => ClientResult<M>
    : (request: DeepPartial<RequestOf<M>>, options?: CallOptions) => ClientResult<M>;

/** A stream to send: an async generator, or anything that can be iterated. */
type Messages<T> = AsyncIterable<T> | Iterable<T>;

type ClientResult<M extends MethodDefinition> = M["responseStream"] extends true
  ? AsyncIterable<ResponseOf<M>>
  : Promise<ResponseOf<M>>;

/**
 * The typed client of a contract: unary `(request) => Promise`, server stream `(request) => AsyncIterable`, client
 * stream `(requests) => Promise`, bidi `(requests) => AsyncIterable`. A stream starts when it is first read.
 */
export type Client<D extends ServiceDefinition> = {
  readonly [Key in keyof D["methods"]]: ClientMethod<D["methods"][Key]>;
};

type Handler<M extends MethodDefinition> = boolean extends M["requestStream"]
  ? UntypedMethod<HandlerCall>
  : M["requestStream"] extends true
    ? (requests: AsyncIterable<RequestOf<M>>, call: HandlerCall) => HandlerResult<M>
    : (request: RequestOf<M>, call: HandlerCall) => HandlerResult<M>;

type HandlerResult<M extends MethodDefinition> = M["responseStream"] extends true
  ? Messages<DeepPartial<ResponseOf<M>>>
  : Promise<DeepPartial<ResponseOf<M>>> | DeepPartial<ResponseOf<M>>;

/**
 * What implements a contract: one handler a method, each `(request, call) => response`. A stream of responses is an
 * `async function*`, or any iterable: of an array, or a `function*`, no message costs a promise.
 */
export type Handlers<D extends ServiceDefinition> = {
  readonly [Key in keyof D["methods"]]: Handler<D["methods"][Key]>;
};
