import { isObservable } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";

/** Called once, when a stream has been read to the end, failed, or the reader broke off (CANCELLED). */
type Done = (error: RpcError | undefined) => void;

/** The same stream; `done` is called before the reader sees how it ends. Does not throw. */
export function whenRead(stream: AsyncIterable<unknown>, done: Done): AsyncIterable<unknown> {
  if (!isObservable(stream)) return watched(stream, done);
  stream.observedBy({
    message() {},
    complete: () => done(undefined),
    fail: done,
    stop: () => done(brokeOff()),
  });
  return stream;
}

/** As `whenRead()`, of any stream; what `done` throws reaches the reader. */
export function watched(stream: AsyncIterable<unknown>, done: Done): AsyncIterable<unknown> {
  const iterator = stream[Symbol.asyncIterator]();
  let over = false;
  const finish = (error: RpcError | undefined): void => {
    if (over) return;
    over = true;
    done(error);
  };
  const check = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) finish(undefined);
    return result;
  };
  const fail = (reason: unknown): never => {
    const error = RpcError.from(reason);
    finish(error);
    throw error;
  };
  return {
    [Symbol.asyncIterator]() {
      return {
        next: () => iterator.next().then(check, fail),
        return: async () => {
          finish(brokeOff());
          return (await iterator.return?.()) ?? { done: true, value: undefined };
        },
      };
    },
  };
}

function brokeOff(): RpcError {
  return new RpcError(Code.CANCELLED, "the reader broke off");
}
