import { ServerConnection } from "../../../src/transport/http2/connection/server-connection.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { Door } from "../../../src/transport/http2/server/door.js";
import type { Stream, StreamHandler } from "../../../src/transport/http2/stream/stream.js";
import { tls as certificates } from "../../support/tls/certificates.js";
import type { InteropServer, InteropSetup } from "../peer.js";

/** Larger than the windows a client begins with: a stream stands until it is told to go on. */
const body = Buffer.alloc(128 * 1024);

/**
 * Our HTTP/2 without gRPC on top: any whole request is answered 200, with a body. For those who know of HTTP alone, whom
 * a server of gRPC would answer before they have shown what they came for.
 */
export async function plainHttp2Server({ tls }: InteropSetup): Promise<InteropServer> {
  const scheme = tls ? "grpcs" : "grpc";
  const options = resolveOptions({ maxConcurrentStreams: 100, ...(tls ? { tls: certificates } : {}) });
  const endpoint = { scheme, host: "127.0.0.1", port: 0 };
  const door = new Door(endpoint, options, (socket) => {
    new ServerConnection(socket, connectionOptions(options), { onStream: answer, onClosed() {} });
  });
  return { address: await door.open(endpoint, `${scheme}://127.0.0.1:0`), close: () => door.destroy() };
}

function answer(stream: Stream): StreamHandler {
  const respond = () => {
    stream.sendHeaders(
      stream.connection.template(answer, () => [":status", "200"]),
      [],
      false,
    );
    stream.sendMessage(false, body, body.length, false, true);
  };
  return {
    onHeaders(_block, endStream) {
      if (endStream) respond();
    },
    onData(_bytes, start, end) {
      stream.credit(end - start);
    },
    onEnd: respond,
    onClosed: () => stream.release(),
    onWritable() {},
  };
}
