import {
  type CallOptions,
  currentCall,
  type Invoke,
  type Method,
  type Reply,
  RequestStream,
} from "../contract/contract.js";
import type { Clock } from "../time/time.js";
import { deadlineOf, linkSignals, metadataOf } from "./inherit.js";
import { OutgoingCall } from "./outgoing-call.js";
import { whenRead } from "./when-read.js";

export interface SurfaceOptions {
  /** For unary calls; streams may take for ever. */
  readonly timeoutMs: number;
  readonly deadlineMarginMs: number;
  readonly clock: Clock;
}

/** What a user calls: `(request, options?) => Promise` or `AsyncIterable`, by the kind of the method. */
export function surface(
  method: Method,
  invoke: Invoke,
  options: SurfaceOptions,
): (request: unknown, options?: CallOptions) => unknown {
  return method.responseStream
    ? (request, callOptions = {}) =>
        new ResponseStream(begin(method, request, callOptions, options), callOptions, invoke)
    : (request, callOptions = {}) => single(method, request, callOptions, invoke, options);
}

interface Begun {
  readonly call: OutgoingCall;
  /** The call is over: let go of what it listened to. */
  readonly release: (() => void) | undefined;
}

function begin(method: Method, request: unknown, callOptions: CallOptions, options: SurfaceOptions): Begun {
  const parent = currentCall();
  const defaultTimeoutMs = method.kind === "unary" ? options.timeoutMs : Number.POSITIVE_INFINITY;
  const deadline = deadlineOf(callOptions, parent, defaultTimeoutMs, options.deadlineMarginMs, options.clock);
  const { signal, release } = linkSignals(callOptions.signal, parent?.signal);
  const message = method.requestStream ? new RequestStream(request as AsyncIterable<unknown>) : request;
  return { call: new OutgoingCall(method, message, metadataOf(callOptions, parent), deadline, signal), release };
}

function single(
  method: Method,
  request: unknown,
  callOptions: CallOptions,
  invoke: Invoke,
  options: SurfaceOptions,
): Promise<unknown> {
  let begun: Begun;
  try {
    begun = begin(method, request, callOptions, options);
  } catch (error) {
    return Promise.reject(error);
  }
  const answer = invoke(begun.call);
  if (begun.release !== undefined) void answer.then(begun.release, begun.release);
  if (callOptions.onHeader === undefined && callOptions.onTrailer === undefined) return answer.then(messageOf);
  return answer.then((reply) => {
    callOptions.onHeader?.(reply.header);
    callOptions.onTrailer?.(reply.trailer());
    return reply.message;
  });
}

function messageOf(reply: Reply): unknown {
  return reply.message;
}

/** The responses of one call, which begins when they are first read. To be read once. */
class ResponseStream implements AsyncIterableIterator<unknown> {
  readonly #begun: Begun;
  readonly #options: CallOptions;
  readonly #invoke: Invoke;
  #reading: Promise<AsyncIterator<unknown>> | undefined;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(begun: Begun, options: CallOptions, invoke: Invoke) {
    this.#begun = begun;
    this.#options = options;
    this.#invoke = invoke;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#iterator !== undefined) return this.#iterator.next();
    this.#reading ??= this.#start();
    return this.#reading.then((iterator) => iterator.next());
  }

  async return(): Promise<IteratorResult<unknown>> {
    const iterator = await (this.#reading ?? Promise.resolve(undefined));
    this.#iterator = ended;
    this.#reading ??= Promise.resolve(ended);
    await iterator?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #start(): Promise<AsyncIterator<unknown>> {
    return this.#invoke(this.#begun.call).then(
      (reply) => {
        this.#options.onHeader?.(reply.header);
        const stream = whenRead(reply.message as AsyncIterable<unknown>, () => this.#finished(reply));
        this.#iterator = stream[Symbol.asyncIterator]();
        return this.#iterator;
      },
      (error: unknown) => {
        this.#begun.release?.();
        throw error;
      },
    );
  }

  #finished(reply: Reply): void {
    this.#begun.release?.();
    this.#options.onTrailer?.(reply.trailer());
  }
}

const ended: AsyncIterator<unknown> = { next: () => Promise.resolve({ done: true, value: undefined }) };
