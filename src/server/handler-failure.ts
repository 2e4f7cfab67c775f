import { abortSource, type HandlerCall, type Logger } from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";

/** What the log has already: several may see an error on its way out. */
const logged = new WeakSet<RpcError>();

/** Makes an `RpcError` of what a handler threw; what nobody named goes to the log whole, under the id the caller gets. */
export function handlerFailure(reason: unknown, call: HandlerCall, logger: Logger): RpcError {
  // That its caller has gone may be all that failed it.
  return abortSource(call)?.aborted === true ? RpcError.from(reason) : loggedFailure(reason, call, logger);
}

/** As `handlerFailure()`, of a handler that stood still, was told to end and had only to tidy up: no caller's leaving excuses that. */
export function loggedFailure(reason: unknown, call: HandlerCall, logger: Logger): RpcError {
  const error = RpcError.from(reason);
  if (isUnnamed(reason) && !logged.has(error)) {
    logged.add(error);
    const err = reason instanceof RpcError ? reason.cause : reason;
    logger.error({ err, error_id: error.errorId, "rpc.method": call.method.fullName }, "a handler failed");
  }
  return error;
}

/** An error id says that the log has more: where middleware has made an `RpcError` of what it came by, it is told here. */
function isUnnamed(reason: unknown): boolean {
  return !(reason instanceof RpcError) || reason.errorId !== undefined;
}
