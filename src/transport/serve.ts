import type { Invoke, Metadata, Reply } from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";
import type { IncomingCall } from "./incoming-call.js";

/** Where the answer to one call goes. */
export interface ResponseSink {
  /** Before the first message, at most once. */
  header(header: Metadata): void;
  /** Resolves when the caller can take more; that is what slows a fast handler. */
  message(message: unknown): Promise<void> | undefined;
  /** Once, last. */
  end(error: RpcError | undefined, trailer: Metadata): void;
}

/** Runs one call through the server and writes what comes of it. Never rejects. */
export async function serve(call: IncomingCall, invoke: Invoke, sink: ResponseSink): Promise<void> {
  try {
    const reply = await invoke(call);
    if (call.method.responseStream) await writeStream(call, reply);
    else {
      call.sendHeader(reply.header);
      const written = sink.message(reply.message);
      if (written !== undefined) await written;
    }
    sink.end(undefined, reply.trailer());
  } catch (reason) {
    sink.end(RpcError.from(reason), call.trailer);
  }

  async function writeStream(incoming: IncomingCall, reply: Reply): Promise<void> {
    for await (const message of reply.message as AsyncIterable<unknown>) {
      if (incoming.cancelled) return;
      incoming.sendHeader(reply.header);
      const written = sink.message(message);
      if (written !== undefined) await written;
      if (incoming.cancelled) return;
    }
    incoming.sendHeader(reply.header);
  }
}
