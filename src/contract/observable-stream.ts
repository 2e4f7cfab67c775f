import type { RpcError } from "../errors/errors.js";

/** Is told what becomes of a stream of responses. Does not throw. */
export interface StreamObserver {
  /** One more message is being read. */
  message(): void;
  /** The reader comes to the end; called before he sees it, as are the other two. */
  complete(): void;
  /** The reader comes to where it broke. */
  fail(error: RpcError): void;
  /** The reader breaks off. */
  stop(): void;
}

/**
 * A stream that says itself what becomes of it. Whoever wants to know no more than that need not stand between it and
 * its reader, which would cost a promise for every message.
 */
export interface ObservableStream extends AsyncIterable<unknown> {
  /** To be asked before the stream is read. The first to ask is the first to be told. */
  observedBy(observer: StreamObserver): void;
}

export function isObservable(stream: unknown): stream is ObservableStream {
  return typeof stream === "object" && stream !== null && "observedBy" in stream;
}

const none: readonly StreamObserver[] = [];

/** Those who observe one stream: each is told of its end once, in whichever way it comes first. */
export class StreamObservers implements StreamObserver {
  #observers: readonly StreamObserver[] = none;
  #over = false;

  add(observer: StreamObserver): void {
    this.#observers = this.#observers.concat(observer); // which takes no more room than there are; nearly all have one or two
  }

  message(): void {
    for (const observer of this.#observers) observer.message();
  }

  complete(): void {
    if (this.#ends()) for (const observer of this.#observers) observer.complete();
  }

  fail(error: RpcError): void {
    if (this.#ends()) for (const observer of this.#observers) observer.fail(error);
  }

  stop(): void {
    if (this.#ends()) for (const observer of this.#observers) observer.stop();
  }

  #ends(): boolean {
    if (this.#over) return false;
    this.#over = true;
    return true;
  }
}
