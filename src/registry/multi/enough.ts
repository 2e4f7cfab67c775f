import { Code, RpcError } from "../../errors/errors.js";
import { type Clock, sleep } from "../../time/time.js";
import { reasonOf } from "../failures.js";

/**
 * What has come of attempts of which one is enough: waits until all have ended, or for some time after the first success.
 *
 * @throws AggregateError of all failures, in order, where none succeeded
 */
export async function enough<T>(attempts: readonly Promise<T>[], clock: Clock, graceMs: number): Promise<readonly T[]> {
  const succeeded = new Map<number, T>();
  const noted = attempts.map((attempt, index) => attempt.then((value) => succeeded.set(index, value)));
  await Promise.any(noted);
  const over = new AbortController();
  await Promise.race([Promise.allSettled(noted), sleep(clock, graceMs, over.signal)]);
  over.abort();
  return [...succeeded].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** Where all have failed: an error that says each reason. What each of them finds wrong with the input itself is thrown as it is. */
export function allFailed(name: string, what: string, members: readonly string[], failure: unknown): Error {
  const errors: readonly unknown[] = failure instanceof AggregateError ? failure.errors : [failure];
  const [first] = errors;
  if (!errors.some((error) => error instanceof RpcError)) return first as Error;
  const codes = new Set(errors.map((error) => (error instanceof RpcError ? error.code : Code.INVALID_ARGUMENT)));
  const [code = Code.UNAVAILABLE] = codes;
  const reasons = errors.map((error, index) => `${members[index]}: ${reasonOf(error, members[index] ?? "")}`);
  const message = `${name}: ${what} (${reasons.join("; ")})`;
  return new RpcError(codes.size === 1 ? code : Code.UNAVAILABLE, message, { cause: failure });
}
