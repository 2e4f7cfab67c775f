import { Code, RpcError } from "../../errors/errors.js";

/** The server: what was asked for makes no sense. */
export function invalid(cause: unknown): RpcError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.INVALID_ARGUMENT, message, { cause });
}

/** The server: it ends its streams. */
export function closing(): RpcError {
  return new RpcError(Code.UNAVAILABLE, "the registry is closing");
}

/** The client: the server ended a stream without a reason. */
export function streamEnded(registry: string): RpcError {
  return new RpcError(Code.UNAVAILABLE, `${registry}: the registry ended the stream`);
}

/** The client: what a stream failed with, naming the registry. */
export function streamFailed(registry: string, reason: unknown): RpcError {
  const error = RpcError.from(reason);
  return new RpcError(error.code, `${registry}: ${error.message}`, { cause: error });
}
