import { RpcError } from "../../src/errors/errors.js";

/** All of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

/** What a promise or a stream fails with; fails itself where it does not. */
export async function failure(outcome: PromiseLike<unknown> | AsyncIterable<unknown>): Promise<unknown> {
  try {
    await (Symbol.asyncIterator in outcome ? collect(outcome) : outcome);
  } catch (reason) {
    return reason;
  }
  throw new Error("expected a failure");
}

/** As `failure()`, of what is surely an `RpcError`. */
export async function rpcFailure(outcome: PromiseLike<unknown> | AsyncIterable<unknown>): Promise<RpcError> {
  const reason = await failure(outcome);
  if (reason instanceof RpcError) return reason;
  throw new Error(`expected an RpcError, got ${String(reason)}`, { cause: reason });
}
