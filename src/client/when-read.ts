import { isObservable, type StreamObserver, StreamObservers } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";

/** Is told how a stream ends, and nothing of its messages. */
export abstract class EndObserver implements StreamObserver {
  /** The stream has been read to the end, failed, or the reader broke off (CANCELLED). Called once. */
  abstract ended(error: RpcError | undefined): void;

  message(): void {}

  complete(): void {
    this.ended(undefined);
  }

  fail(error: RpcError): void {
    this.ended(error);
  }

  stop(): void {
    this.ended(new RpcError(Code.CANCELLED, "the reader broke off"));
  }
}

/** The same stream; the observer is told before the reader sees how it ends. It does not throw. */
export function whenRead(stream: AsyncIterable<unknown>, observer: EndObserver): AsyncIterable<unknown> {
  if (!isObservable(stream)) return watched(stream, observer);
  stream.observedBy(observer);
  return stream;
}

/** As `whenRead()`, of any stream; what the observer throws reaches the reader. */
export function watched(stream: AsyncIterable<unknown>, observer: EndObserver): AsyncIterable<unknown> {
  const iterator = stream[Symbol.asyncIterator]();
  const observers = new StreamObservers();
  observers.add(observer);
  const check = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) observers.complete();
    return result;
  };
  const fail = (reason: unknown): never => {
    const error = RpcError.from(reason);
    observers.fail(error);
    throw error;
  };
  return {
    [Symbol.asyncIterator]() {
      return {
        next: () => iterator.next().then(check, fail),
        return: async () => {
          observers.stop();
          return (await iterator.return?.()) ?? { done: true, value: undefined };
        },
      };
    },
  };
}
