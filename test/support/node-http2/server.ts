import type { IncomingHttpHeaders, OutgoingHttpHeaders, SecureServerOptions, ServerHttp2Stream } from "node:http2";
import { Code } from "../../../src/errors/errors.js";
import { RawServer } from "../raw-grpc.js";
import { type Message, messagesFrom, write } from "./messages.js";
import { encodeMessage, failed, type Status, statusOf } from "./status.js";

/** One call as a handler sees it. */
export interface NodeHttp2Call {
  readonly fields: IncomingHttpHeaders;
  readonly requests: AsyncIterable<Message>;
  /** Sent before the first response. */
  readonly header: OutgoingHttpHeaders;
  readonly trailer: OutgoingHttpHeaders;
}

/** Yields the responses; throws what `failed()` makes. */
export type NodeHttp2Handler = (call: NodeHttp2Call) => AsyncIterable<Message>;

/**
 * gRPC straight on node:http2, as short as it can be said. Listens on 127.0.0.1.
 *
 * @param handlers by path
 * @param options with `cert` and `key` it speaks TLS
 */
export function serveNodeHttp2(
  handlers: { readonly [path: string]: NodeHttp2Handler },
  options?: SecureServerOptions,
): Promise<RawServer> {
  return RawServer.start((stream, fields) => {
    void answer(stream, fields, handlers[String(fields[":path"])] ?? unimplemented);
  }, options);
}

const unimplemented: NodeHttp2Handler = ({ fields }) => {
  throw failed({ code: Code.UNIMPLEMENTED, message: `unknown method ${fields[":path"]}` });
};

async function answer(
  stream: ServerHttp2Stream,
  fields: IncomingHttpHeaders,
  handler: NodeHttp2Handler,
): Promise<void> {
  const header: OutgoingHttpHeaders = {};
  const trailer: OutgoingHttpHeaders = {};
  const respond = () => {
    if (stream.headersSent || stream.destroyed) return;
    const own = { ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" };
    stream.respond({ ...own, ...header }, { waitForTrailers: true });
  };
  let status: Status = { code: Code.OK, message: "" };
  try {
    for await (const response of handler({ fields, requests: messagesFrom(stream), header, trailer })) {
      respond();
      if (!stream.writable) return;
      await write(response, stream);
    }
  } catch (reason) {
    status = statusOf(reason);
  }
  end(stream, status, { header, trailer });
}

/** With trailers; a call that failed before its first response is answered by one block of fields. */
function end(
  stream: ServerHttp2Stream,
  { code, message }: Status,
  { header, trailer }: Pick<NodeHttp2Call, "header" | "trailer">,
): void {
  if (stream.destroyed) return;
  const last = { ...trailer, "grpc-status": String(code), "grpc-message": encodeMessage(message) };
  const own = { ":status": 200, "content-type": "application/grpc" };
  if (!stream.headersSent && code !== Code.OK) {
    stream.respond({ ...own, ...header, ...last }, { endStream: true });
    return;
  }
  if (!stream.headersSent) stream.respond({ ...own, ...header }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(last));
  stream.end();
}
