import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Code, RpcError } from "../../errors/errors.js";
import type { Clock } from "../../time/time.js";
import { parseAddress } from "../address.js";
import type { Address, Listener, Router } from "../transport.js";
import { type Grpc, grpc } from "./grpc.js";
import { type ResolvedOptions, sharedOptions } from "./options.js";
import { type RequestHead, readHead } from "./request-head.js";
import { ServerCall } from "./server-call.js";

/** A grpc-js server on one address. */
export class GrpcJsListener implements Listener {
  readonly address: Address;
  readonly #server: Grpc.Server;
  readonly #clock: Clock;
  #drained: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(address: Address, server: Grpc.Server, clock: Clock) {
    this.address = address;
    this.#server = server;
    this.#clock = clock;
  }

  static async open(address: Address, router: Router, options: ResolvedOptions): Promise<GrpcJsListener> {
    const { scheme, host, port } = parseAddress(address);
    const server = createServer(router, options);
    const target = port === undefined ? `unix:${host}` : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    const bound = await bind(server, target, address, serverCredentials(scheme, address, options));
    const authority = host.includes(":") ? `[${host}]` : host;
    return new GrpcJsListener(
      port === undefined ? address : `${scheme}://${authority}:${bound}`,
      server,
      options.clock,
    );
  }

  drain(): void {
    this.#drained ??= new Promise((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 0);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.drain();
    const timer = this.#clock.timer(graceMs, () => this.#server.forceShutdown());
    await this.#drained;
    timer.cancel();
  }
}

function bind(
  server: Grpc.Server,
  target: string,
  address: Address,
  credentials: Grpc.ServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (cause, port) => {
      if (cause === null) resolve(port);
      else reject(new RpcError(Code.UNAVAILABLE, `cannot listen on ${address}: ${cause.message}`, { cause }));
    });
  });
}

function serverCredentials(scheme: string, address: Address, { tls }: ResolvedOptions): Grpc.ServerCredentials {
  if (!scheme.startsWith("grpcs")) return grpc.ServerCredentials.createInsecure();
  if (tls.cert === undefined || tls.key === undefined) {
    throw new TypeError(`${address}: a TLS server needs a certificate; give the transport tls: { cert, key }`);
  }
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) };
  return grpc.ServerCredentials.createSsl(
    tls.ca === undefined ? null : Buffer.from(tls.ca),
    [pair],
    tls.requireClientCert ?? false,
  );
}

/**
 * A server whose every method is driven by `ServerCall`. grpc-js has no public way to the header fields of a request nor
 * to the settings of its HTTP/2 server; both are had at one place, the method that makes that server.
 */
function createServer(router: Router, options: ResolvedOptions): Grpc.Server {
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
    // Emitted synchronously, right before grpc-js makes the call and asks the interceptor above.
    http2.prependListener(
      "stream",
      (_stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: readonly string[] = []) => {
        head = readHead(headers, raw, options);
      },
    );
    return http2;
  };
  for (const path of router.methods.keys()) server.register(path, unused, identity, identity, "bidi");
  return server;
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
  wire.sendStatus({ code: error.code, details: error.message, metadata: null });
}

/** `ServerCall` encodes and decodes. */
function identity(bytes: unknown): Buffer {
  return bytes as Buffer;
}

function unused(): void {}
