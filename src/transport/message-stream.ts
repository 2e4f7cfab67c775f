import { type ObservableStream, type StreamObserver, StreamObservers } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { Turns } from "./turns.js";

/** Whose stream it is: told what the reader does. */
export interface MessageStreamOwner {
  /** How many messages may wait for the reader before the writer has to. Default: 16. */
  readonly capacity?: number;
  /** The reader waits, or half of the room is free: the next may be fetched, several at once. */
  onRoom?(): void;
  /** The reader broke off before the end. */
  onReturn?(): void;
}

/** A reader who waits: takes what `next()` gives. */
type Reader = (result: IteratorResult<unknown> | Promise<IteratorResult<unknown>>) => void;

/** Messages between one writer and one reader, in order, with room for a few: a slow reader slows the writer. */
export class MessageStream implements AsyncIterableIterator<unknown>, ObservableStream {
  readonly #capacity: number;
  readonly #owner: MessageStreamOwner;
  readonly #messages: unknown[] = [];
  /** Most streams have one reader, who asks for one message at a time: an array is for the others. */
  #reader: Reader | undefined;
  #otherReaders: Reader[] | undefined;
  readonly #observers = new StreamObservers();
  readonly #turns = new Turns();
  #writer: (() => void) | undefined;
  #ended = false;
  #error: RpcError | undefined;

  constructor(owner: MessageStreamOwner = {}) {
    this.#owner = owner;
    this.#capacity = owner.capacity ?? 16;
  }

  /** Whether a further message would have to wait. */
  get full(): boolean {
    return this.#messages.length >= this.#capacity;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when there is room for another; undefined where there is some already. Dropped once ended. */
  push(message: unknown): Promise<void> | undefined {
    if (this.#ended) return undefined;
    const reader = this.#nextReader();
    if (reader !== undefined) {
      this.#observers.message();
      reader({ done: false, value: message });
      return undefined;
    }
    this.#messages.push(message);
    if (!this.full) return undefined;
    return new Promise((resolve) => {
      this.#writer = resolve;
    });
  }

  /** What has been pushed can still be read; an error comes after it. */
  end(error?: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (let reader = this.#nextReader(); reader !== undefined; reader = this.#nextReader()) {
      reader(this.#end());
    }
    this.#letWriterOn();
  }

  /** Whoever reads what is all there holds nobody up: everything else has its turn at times. */
  next(): Promise<IteratorResult<unknown>> {
    const result = this.#next();
    const turn = this.#turns.next();
    return turn === undefined ? result : after(turn, result);
  }

  #next(): Promise<IteratorResult<unknown>> {
    if (this.#messages.length > 0) {
      const value = this.#messages.shift();
      this.#observers.message();
      this.#letWriterOn();
      if (!this.#ended && this.#messages.length <= this.#capacity / 2) this.#owner.onRoom?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve(this.#end());
    return new Promise((resolve) => {
      this.#wait(resolve);
      this.#owner.onRoom?.();
    });
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#observers.stop();
    const brokeOff = !this.#ended || this.#messages.length > 0;
    this.#messages.length = 0;
    if (!this.#ended) this.end();
    if (brokeOff) this.#owner.onReturn?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  observedBy(observer: StreamObserver): void {
    this.#observers.add(observer);
  }

  #wait(reader: Reader): void {
    if (this.#reader === undefined) {
      this.#reader = reader;
      return;
    }
    this.#otherReaders ??= [];
    this.#otherReaders.push(reader);
  }

  #nextReader(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = this.#otherReaders?.shift();
    return reader;
  }

  /** The reader comes to it. */
  #end(): IteratorResult<unknown> | Promise<never> {
    if (this.#error === undefined) {
      this.#observers.complete();
      return { done: true, value: undefined };
    }
    this.#observers.fail(this.#error);
    return Promise.reject(this.#error);
  }

  #letWriterOn(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    writer();
  }
}

/** A failure is not kept waiting: nobody would be there to take it. */
async function after<T>(turn: Promise<void>, result: Promise<T>): Promise<T> {
  const settled = await result;
  await turn;
  return settled;
}
