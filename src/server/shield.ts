import { type HandlerCall, type Logger, type Middleware, type Reply, withMessage } from "../contract/contract.js";
import { handlerFailure } from "./handler-failure.js";
import { HandlerStream } from "./handler-stream.js";

/**
 * The outermost middleware of a server. A failure in another is as neutral to the caller as one in a handler, and as whole
 * in the log; and the stream that another answers with runs in the call that came, as a handler's does.
 */
export function shield(logger: Logger): Middleware {
  return (next) => (made) => {
    const call = made as HandlerCall;
    const replied = call.method.responseStream ? next(call).then((reply) => shielded(reply, call, logger)) : next(call);
    return replied.catch((reason: unknown) => {
      throw handlerFailure(reason, call, logger);
    });
  };
}

/** @throws TypeError for a stream that cannot be iterated */
function shielded(reply: Reply, call: HandlerCall, logger: Logger): Reply {
  const { message } = reply;
  return message instanceof HandlerStream ? reply : withMessage(reply, new HandlerStream(message, call, logger));
}
