import { type ObservableStream, type StreamObserver, StreamObservers } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";

export interface MessageStreamOptions {
  /** How many messages may wait for the reader before the writer has to. Default: 16. */
  readonly capacity?: number;
  /** The reader waits, or half of the room is free: the next may be fetched, several at once. */
  readonly onRoom?: () => void;
  /** The reader broke off before the end. */
  readonly onReturn?: () => void;
}

interface Waiting {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: unknown): void;
}

/** Messages between one writer and one reader, in order, with room for a few: a slow reader slows the writer. */
export class MessageStream implements AsyncIterableIterator<unknown>, ObservableStream {
  readonly #capacity: number;
  readonly #options: MessageStreamOptions;
  readonly #messages: unknown[] = [];
  readonly #readers: Waiting[] = [];
  readonly #observers = new StreamObservers();
  #writer: (() => void) | undefined;
  #ended = false;
  #error: RpcError | undefined;

  constructor(options: MessageStreamOptions = {}) {
    this.#options = options;
    this.#capacity = options.capacity ?? 16;
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
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      this.#observers.message();
      reader.resolve({ done: false, value: message });
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
    if (this.#readers.length > 0) this.#tellEnd();
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
    }
    this.#letWriterOn();
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#messages.length > 0) {
      const value = this.#messages.shift();
      this.#observers.message();
      this.#letWriterOn();
      if (!this.#ended && this.#messages.length <= this.#capacity / 2) this.#options.onRoom?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      this.#tellEnd();
      return this.#error === undefined
        ? Promise.resolve({ done: true, value: undefined })
        : Promise.reject(this.#error);
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#options.onRoom?.();
    });
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#observers.stop();
    const brokeOff = !this.#ended || this.#messages.length > 0;
    this.#messages.length = 0;
    if (!this.#ended) this.end();
    if (brokeOff) this.#options.onReturn?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  observedBy(observer: StreamObserver): void {
    this.#observers.add(observer);
  }

  /** The reader comes to it. */
  #tellEnd(): void {
    if (this.#error === undefined) this.#observers.complete();
    else this.#observers.fail(this.#error);
  }

  #letWriterOn(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    writer();
  }
}
