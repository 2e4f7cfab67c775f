import type { Call, Invoke, Reply } from "../contract/contract.js";
import { codeName, RpcError } from "../errors/errors.js";
import type { CallWait } from "./call-wait.js";
import type { Trouble } from "./fault.js";

/** Carries a call out with something going wrong. */
export async function act(trouble: Trouble, call: Call, next: Invoke, wait: CallWait): Promise<Reply> {
  const { delayMs, error, drop, duplicate, afterMessages } = trouble;
  if (delayMs !== undefined) await wait.for(call, delayMs);
  const fail = (): Promise<never> => {
    if (error === undefined) return wait.forEver(call);
    return Promise.reject(typeof error === "number" ? injected(error, call, drop === undefined) : error);
  };
  if (afterMessages !== undefined) return breakingOff(await next(call), afterMessages, fail);
  if (drop === "response") {
    await carriedOut(call, next);
    return fail();
  }
  if (drop === "request" || error !== undefined) return fail();
  return duplicate === true ? twice(call, next) : next(call);
}

function injected(code: NonNullable<Exclude<Trouble["error"], RpcError>>, { method }: Call, remote: boolean): RpcError {
  return new RpcError(code, `${method.fullName}: injected ${codeName(code)}`, { remote });
}

/** Whatever comes of it. */
async function carriedOut(call: Call, next: Invoke): Promise<void> {
  try {
    const { message } = await next(call);
    if (call.method.responseStream) for await (const _ of message as AsyncIterable<unknown>);
  } catch {
    // The caller never hears of it.
  }
}

async function twice(call: Call, next: Invoke): Promise<Reply> {
  if (call.method.responseStream) return twiceRead(call, next);
  const first = next(call);
  await Promise.allSettled([first]);
  await carriedOut(call, next);
  return first;
}

/** The second time comes when the first is read to its end; whoever breaks off makes no second. */
async function twiceRead(call: Call, next: Invoke): Promise<Reply> {
  const reply = await next(call);
  const stream = (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  let second: Promise<void> | undefined;
  return withMessages(reply, {
    async next() {
      const result = await stream.next();
      if (result.done === true) {
        second ??= carriedOut(call, next);
        await second;
      }
      return result;
    },
    return: () => leave(stream),
  });
}

/** The same responses, but for those after the first few. */
function breakingOff(reply: Reply, after: number, fail: () => Promise<never>): Reply {
  const stream = (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  let passed = 0;
  return withMessages(reply, {
    async next() {
      if (passed === after) {
        await leave(stream);
        return fail();
      }
      passed++;
      return stream.next();
    },
    return: () => leave(stream),
  });
}

function withMessages({ header, trailer }: Reply, iterator: AsyncIterator<unknown>): Reply {
  return { message: { [Symbol.asyncIterator]: () => iterator }, header, trailer };
}

async function leave(stream: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  return (await stream.return?.()) ?? { done: true, value: undefined };
}
