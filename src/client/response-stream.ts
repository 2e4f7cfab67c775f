import { type CallOptions, Cancellation, isObservable, type Reply } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import { type Begun, begin, type OutgoingMethod, tellTrailer } from "./begin.js";
import { EndObserver, watched, whenRead } from "./when-read.js";

/** The responses of one call, which begins when they are first read. To be read once. */
export class ResponseStream implements AsyncIterableIterator<unknown> {
  readonly #outgoing: OutgoingMethod;
  readonly #request: unknown;
  readonly #options: CallOptions;
  /** Ends a call that is left before it is answered; after that, returning its stream does. */
  readonly #leave = new Cancellation();
  #reading: Promise<AsyncIterator<unknown>> | undefined;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(outgoing: OutgoingMethod, request: unknown, options: CallOptions) {
    this.#outgoing = outgoing;
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
    const begun = begin(this.#outgoing, this.#request, this.#options, this.#leave);
    let reply: Reply;
    try {
      reply = await this.#outgoing.invoke(begun.call);
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
