import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { supportedCompressions } from "../../codec/compression.js";
import { Metadata } from "../../contract/contract.js";
import type { RpcError } from "../../errors/errors.js";
import type { Router } from "../transport.js";
import { type Grpc, grpc } from "./grpc.js";
import { ResponseFields } from "./headers.js";
import { type ResolvedOptions, sharedOptions } from "./options.js";
import { type RequestHead, readHead } from "./request-head.js";
import { ServerCall } from "./server-call.js";

/** A grpc-js server whose every method is driven by `ServerCall`. */
export interface DrivenServer {
  readonly grpc: Grpc.Server;
  /** Ends every connection and the calls on it. grpc-js's own `forceShutdown` forgets them where channelz is off. */
  destroyConnections(): void;
}

/**
 * Makes the server. grpc-js has no public way to the header fields of a request nor
 * to the settings of its HTTP/2 server; both are had at one place, the method that makes that server.
 */
export function driveServer(router: Router, options: ResolvedOptions): DrivenServer {
  const connections = new Set<Socket>();
  let head: RequestHead | undefined;
  const server = new grpc.Server({
    ...sharedOptions(options),
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    interceptors: [
      ({ path }, wire) => {
        const method = router.methods.get(path);
        const current = head;
        if (method === undefined || current === undefined) throw new Error(`no head for ${path}`);
        return new Takeover(wire, () => {
          if (current.error === undefined) new ServerCall(wire, method, current, router, options).start();
          else refuse(wire, current.error);
        });
      },
    ],
  });
  const internals = server as unknown as { createHttp2Server?: (credentials: Grpc.ServerCredentials) => Http2Server };
  const createHttp2Server = internals.createHttp2Server?.bind(server);
  if (createHttp2Server === undefined) {
    throw new Error("this version of @grpc/grpc-js is not supported; install one that package.json of hawser asks for");
  }
  internals.createHttp2Server = (credentials) => {
    const http2 = createHttp2Server(credentials);
    http2.updateSettings({
      maxHeaderListSize: options.maxHeaderBytes,
      maxConcurrentStreams: options.maxConcurrentStreams,
    });
    http2.on("connection", (socket: Socket) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
    });
    // Emitted synchronously, right before grpc-js makes the call and asks the interceptor above.
    http2.prependListener(
      "stream",
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: readonly string[] = []) => {
        head = readHead(stream, headers, raw, options);
      },
    );
    return http2;
  };
  for (const path of router.methods.keys()) server.register(path, unused, identity, identity, "bidi");
  return {
    grpc: server,
    destroyConnections: () => {
      for (const connection of connections) connection.destroy();
      server.forceShutdown();
    },
  };
}

/** Hands a call to us instead of to grpc-js's own handling. */
class Takeover extends grpc.ServerInterceptingCall {
  readonly #takeOver: () => void;

  constructor(wire: Grpc.ServerInterceptingCallInterface, takeOver: () => void) {
    super(wire);
    this.#takeOver = takeOver;
  }

  override start(): void {
    this.#takeOver();
  }
}

function refuse(wire: Grpc.ServerInterceptingCallInterface, error: RpcError): void {
  const ignore = (): void => {};
  wire.start({ onReceiveMetadata: ignore, onReceiveMessage: ignore, onReceiveHalfClose: ignore, onCancel: ignore });
  const accepted = { "grpc-accept-encoding": supportedCompressions.join(",") };
  wire.sendStatus({ code: error.code, details: error.message, metadata: new ResponseFields(accepted, new Metadata()) });
}

/** `ServerCall` encodes and decodes. */
function identity(bytes: unknown): Buffer {
  return bytes as Buffer;
}

function unused(): void {}
