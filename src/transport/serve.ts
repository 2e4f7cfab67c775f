import { type MessageSink, Metadata, pushTo, type Reply } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { IncomingCall } from "./incoming-call.js";
import type { Router } from "./transport.js";
import { Turns } from "./turns.js";

/** Where the answer to one call goes. */
export interface ResponseSink {
  /** Before the first message, at most once. */
  header(header: Metadata): void;
  /** Resolves when the caller can take more; that is what slows a fast handler. @throws RpcError for one that cannot be sent */
  message(message: unknown): Promise<void> | undefined;
  /** Once, last. @throws where the error cannot be written; then once more, with another */
  end(error: RpcError | undefined, trailer: Metadata): void;
}

/** Runs one call through the server and writes what comes of it. Never rejects. */
export function serve(call: IncomingCall, router: Router, sink: ResponseSink): Promise<void> {
  const fail = (reason: unknown): void => end(RpcError.from(reason), call, router, sink);
  return router.invoke(call).then((reply) => {
    try {
      const written = call.method.responseStream
        ? writeStream(call, reply, router, sink)
        : writeSingle(call, reply, router, sink);
      if (written !== undefined) return written.then(() => sink.end(undefined, reply.trailer())).catch(fail);
      sink.end(undefined, reply.trailer());
    } catch (reason) {
      fail(reason);
    }
    return undefined;
  }, fail);
}

function writeSingle(call: IncomingCall, reply: Reply, router: Router, sink: ResponseSink): Promise<void> | undefined {
  call.sendHeader(reply.header);
  return send(reply.message, call, router, sink);
}

async function writeStream(call: IncomingCall, reply: Reply, router: Router, sink: ResponseSink): Promise<void> {
  const turns = new Turns();
  const responses: MessageSink = {
    get closed() {
      return call.cancelled;
    },
    take(message) {
      if (call.cancelled) return undefined;
      call.sendHeader(reply.header);
      return send(message, call, router, sink) ?? turns.next();
    },
  };
  await pushTo(responses, reply.message as AsyncIterable<unknown>);
  if (!call.cancelled) call.sendHeader(reply.header);
}

/** A response that cannot be sent, at once or once it is compressed, is a fault no middleware has seen: the server is told. */
function send(message: unknown, call: IncomingCall, router: Router, sink: ResponseSink): Promise<void> | undefined {
  const fail = (reason: unknown): never => {
    const error = RpcError.from(reason);
    router.onFault?.(error, call);
    throw error;
  };
  try {
    return sink.message(message)?.catch(fail);
  } catch (reason) {
    return fail(reason);
  }
}

/** An error that cannot be written is such a fault too, and the caller waits for an end. */
function end(error: RpcError, call: IncomingCall, router: Router, sink: ResponseSink): void {
  try {
    sink.end(error, call.trailer);
  } catch (cause) {
    const message = `${call.method.fullName}: the error of the handler cannot be sent`;
    const fault = new RpcError(Code.INTERNAL, message, { cause });
    router.onFault?.(fault, call);
    sink.end(fault, new Metadata());
  }
}
