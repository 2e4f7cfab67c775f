import { abortSource, type HandlerCall, type Logger } from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";

/** Makes an `RpcError` of what a handler threw; what nobody named goes to the log whole, under the id the caller gets. */
export function handlerFailure(reason: unknown, call: HandlerCall, logger: Logger): RpcError {
  const error = RpcError.from(reason);
  if (!(reason instanceof RpcError) && !abortSource(call)?.aborted) {
    logger.error({ err: reason, error_id: error.errorId, "rpc.method": call.method.fullName }, "a handler failed");
  }
  return error;
}
