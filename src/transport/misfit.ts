import type { MessageType, Method } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";

/** The caller gave something that is no such message: his to mend. */
export function requestNotEncodable(method: Method, cause: unknown): RpcError {
  return misfit(Code.INVALID_ARGUMENT, `${method.fullName}: the request does not fit ${nameOf(method.request)}`, cause);
}

/** The server received bytes that are no such message. */
export function requestNotDecodable(method: Method, cause: unknown): RpcError {
  return misfit(Code.INTERNAL, `${method.fullName}: the request is no ${nameOf(method.request)}`, cause);
}

/** The handler gave something that is no such message. */
export function responseNotEncodable(method: Method, cause: unknown): RpcError {
  return misfit(Code.INTERNAL, `${method.fullName}: the response does not fit ${nameOf(method.response)}`, cause);
}

/** The client received bytes that are no such message. */
export function responseNotDecodable(method: Method, cause: unknown): RpcError {
  return misfit(Code.INTERNAL, `${method.fullName}: the response is no ${nameOf(method.response)}`, cause);
}

/** The caller's own stream of requests threw. */
export function requestsFailed(method: Method, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const message = `${method.fullName}: the stream of requests failed: ${(cause as Error | undefined)?.message ?? cause}`;
  return new RpcError(Code.CANCELLED, message, { cause });
}

/** A codec that knows better says so with an `RpcError` of its own. */
function misfit(code: Code, message: string, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  return new RpcError(code, `${message}: ${(cause as Error).message}`, { cause });
}

function nameOf(type: MessageType): string {
  return type.$type ?? "message of its type";
}
