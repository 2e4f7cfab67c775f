import type { Call, Invoke, Middleware, Reply } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import { compose, triedInstances } from "../middleware/middleware.js";
import type { Outcome, Pick } from "../selector/selector.js";
import type { Endpoints } from "./endpoints.js";
import { EndObserver, whenRead } from "./when-read.js";

const none: ReadonlySet<string> = new Set();
const ok: Outcome = { code: Code.OK, failed: false };

/** One attempt: pick an instance, call it, tell the selector what came of it. */
export function attempts(endpoints: Endpoints, middleware: readonly Middleware[]): Invoke {
  const send = compose(middleware, (call) => {
    const channel = call.instance === undefined ? undefined : endpoints.channel(call.instance);
    if (channel !== undefined) return channel.invoke(call);
    const message = `${call.instance?.id ?? "the instance"} left before the call was sent`;
    return Promise.reject(new RpcError(Code.UNAVAILABLE, message, { unprocessed: true }));
  });

  const attempt: Invoke = (call) => {
    const pick = endpoints.pick({ method: call.method, avoid: call.values.get(triedInstances)?.ids ?? none });
    if (pick === undefined) return endpoints.known(call).then(() => attempt(call));
    try {
      return send(call.with({ instance: pick.instance, attempt: Math.max(1, call.attempt) })).then(
        (reply) => succeeded(call, pick, reply),
        (reason: unknown) => failed(call, pick, RpcError.from(reason)),
      );
    } catch (reason) {
      return Promise.reject(failure(call, pick, RpcError.from(reason)));
    }
  };
  return attempt;

  function failed(call: Call, pick: Pick, error: RpcError): never {
    throw failure(call, pick, error);
  }

  function failure(call: Call, pick: Pick, error: RpcError): RpcError {
    pick.done(outcome(error));
    const tried = call.values.get(triedInstances) ?? { ids: new Set(), othersLeft: false };
    tried.ids.add(pick.instance.id);
    tried.othersLeft = endpoints.hasOthers(tried.ids);
    call.values.set(triedInstances, tried);
    return error;
  }
}

function succeeded(call: Call, pick: Pick, reply: Reply): Reply {
  if (!call.method.responseStream) {
    pick.done(ok);
    return reply;
  }
  const message = whenRead(reply.message as AsyncIterable<unknown>, new PickedStream(pick));
  return message === reply.message ? reply : { message, header: reply.header, trailer: reply.trailer };
}

class PickedStream extends EndObserver {
  readonly #pick: Pick;

  constructor(pick: Pick) {
    super();
    this.#pick = pick;
  }

  ended(error: RpcError | undefined): void {
    this.#pick.done(error === undefined ? ok : outcome(error));
  }
}

/**
 * A business error is an answer like any other; an instance fails where it is not there. A deadline says as much of the
 * caller's patience: what it says of the instance the selector learns from the latency. Whoever passes on that somebody
 * further down is not there is there himself.
 */
function outcome({ code, remote, retryPushbackMs }: RpcError): Outcome {
  const passedOn = remote && retryPushbackMs !== undefined && retryPushbackMs < 0;
  return { code, failed: code === Code.UNAVAILABLE && !passedOn };
}
