import { Code, RpcError } from "../errors/errors.js";

/** The same stream; `done` is called once when it has been read to the end, failed, or the reader broke off (CANCELLED). */
export function whenRead(
  stream: AsyncIterable<unknown>,
  done: (error: RpcError | undefined) => void,
): AsyncIterable<unknown> {
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
          finish(new RpcError(Code.CANCELLED, "the reader broke off"));
          return (await iterator.return?.()) ?? { done: true, value: undefined };
        },
      };
    },
  };
}
