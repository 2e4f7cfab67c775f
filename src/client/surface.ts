import {
  type Call,
  type CallOptions,
  currentCall,
  type Invoke,
  isObservable,
  type Method,
  type Reply,
  RequestStream,
} from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { receivedTrailer } from "../transport/received-trailer.js";
import { Cancellation } from "./cancellation.js";
import { deadlineOf, link, metadataOf } from "./inherit.js";
import { OutgoingCall } from "./outgoing-call.js";
import { EndObserver, watched, whenRead } from "./when-read.js";

export interface SurfaceOptions {
  /** For unary calls; streams may take for ever. */
  readonly timeoutMs: number;
  readonly deadlineMarginMs: number;
  readonly clock: Clock;
}

/** One method of a client. */
interface Surface extends SurfaceOptions {
  readonly method: Method;
  readonly invoke: Invoke;
}

const noOptions: CallOptions = {};

/** What a user calls: `(request, options?) => Promise` or `AsyncIterable`, by the kind of the method. */
export function surface(
  method: Method,
  invoke: Invoke,
  options: SurfaceOptions,
): (request: unknown, options?: CallOptions) => unknown {
  const made: Surface = { method, invoke, ...options };
  return method.responseStream
    ? (request, callOptions = noOptions) => new ResponseStream(made, request, callOptions)
    : (request, callOptions = noOptions) => single(made, request, callOptions);
}

interface Begun {
  readonly call: OutgoingCall;
  /** The call is over: let go of what it listened to. */
  readonly release: (() => void) | undefined;
}

/** @param leave what ends the call from here */
function begin(surface: Surface, request: unknown, callOptions: CallOptions, leave?: Cancellation): Begun {
  const { method, timeoutMs, deadlineMarginMs, clock } = surface;
  const parent = callOptions.detached === true ? undefined : currentCall();
  const defaultTimeoutMs = method.kind === "unary" ? timeoutMs : Number.POSITIVE_INFINITY;
  const metadata = metadataOf(callOptions, parent);
  const deadline = deadlineOf(callOptions, parent, defaultTimeoutMs, deadlineMarginMs, clock);
  const { ending, release } = link(callOptions.signal, parent?.signal, leave);
  const message = method.requestStream ? requestsOf(method, request) : request;
  return { call: new OutgoingCall(method, message, metadata, deadline, ending), release };
}

function requestsOf(method: Method, request: unknown): RequestStream {
  try {
    return new RequestStream(request as AsyncIterable<unknown>);
  } catch (cause) {
    throw new RpcError(Code.INVALID_ARGUMENT, `${method.fullName}: ${(cause as Error).message}`, { cause });
  }
}

function single(surface: Surface, request: unknown, callOptions: CallOptions): Promise<unknown> {
  let begun: Begun;
  try {
    begun = begin(surface, request, callOptions);
  } catch (error) {
    return Promise.reject(error);
  }
  const answer = surface.invoke(begun.call);
  if (begun.release !== undefined) void answer.then(begun.release, begun.release);
  if (callOptions.onHeader === undefined && callOptions.onTrailer === undefined) return answer.then(messageOf, rethrow);
  return answer.then(
    (reply) => {
      callOptions.onHeader?.(reply.header);
      callOptions.onTrailer?.(reply.trailer());
      return reply.message;
    },
    (error: unknown) => {
      tellTrailer(begun.call, callOptions);
      throw RpcError.from(error);
    },
  );
}

/** Middleware may throw what it likes; a caller gets an `RpcError`. */
function rethrow(error: unknown): never {
  throw RpcError.from(error);
}

function messageOf(reply: Reply): unknown {
  return reply.message;
}

/** Of a call that failed; there is none where the failure is this side's. */
function tellTrailer(call: Call, { onTrailer }: CallOptions): void {
  const trailer = call.values.get(receivedTrailer);
  if (trailer !== undefined) onTrailer?.(trailer());
}

/** The responses of one call, which begins when they are first read. To be read once. */
class ResponseStream implements AsyncIterableIterator<unknown> {
  readonly #surface: Surface;
  readonly #request: unknown;
  readonly #options: CallOptions;
  /** Ends a call that is left before it is answered; after that, returning its stream does. */
  readonly #leave = new Cancellation();
  #reading: Promise<AsyncIterator<unknown>> | undefined;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(surface: Surface, request: unknown, options: CallOptions) {
    this.#surface = surface;
    this.#request = request;
    this.#options = options;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#iterator !== undefined) return this.#iterator.next();
    this.#reading ??= this.#start();
    return this.#reading.then((iterator) => iterator.next());
  }

  async return(): Promise<IteratorResult<unknown>> {
    const iterator = this.#iterator;
    this.#iterator = ended;
    if (iterator === undefined) this.#leave.abort(new RpcError(Code.CANCELLED, "the reader broke off"));
    else await iterator.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #start(): Promise<AsyncIterator<unknown>> {
    const begun = begin(this.#surface, this.#request, this.#options, this.#leave);
    let reply: Reply;
    try {
      reply = await this.#surface.invoke(begun.call);
    } catch (error) {
      begun.release?.();
      tellTrailer(begun.call, this.#options);
      throw RpcError.from(error);
    }
    const iterator = this.#watched(reply, begun)[Symbol.asyncIterator]();
    if (this.#iterator === ended) await iterator.return?.();
    else {
      this.#iterator = iterator;
      this.#reading = undefined;
      await this.#tellHeader(reply, iterator);
    }
    return this.#iterator;
  }

  /** The responses; at their end the call lets go of what it listened to, and tells the trailer to who asked for it. */
  #watched(reply: Reply, { release }: Begun): AsyncIterable<unknown> {
    const stream = reply.message as AsyncIterable<unknown>;
    const { onTrailer } = this.#options;
    if (onTrailer === undefined) {
      return release === undefined && isObservable(stream) ? stream : whenRead(stream, new CallEnd(release));
    }
    return watched(
      stream,
      new CallEnd(() => {
        release?.();
        onTrailer(reply.trailer());
      }),
    );
  }

  /** A caller whose callback fails does not read on. */
  async #tellHeader(reply: Reply, iterator: AsyncIterator<unknown>): Promise<void> {
    try {
      this.#options.onHeader?.(reply.header);
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
  }
}

class CallEnd extends EndObserver {
  readonly #then: (() => void) | undefined;

  constructor(then: (() => void) | undefined) {
    super();
    this.#then = then;
  }

  ended(): void {
    this.#then?.();
  }
}

const ended: AsyncIterator<unknown> = { next: () => Promise.resolve({ done: true, value: undefined }) };
