import { Code, RpcError } from "../../errors/errors.js";
import type { Clock } from "../../time/time.js";
import { ClosingListener } from "../closing-listener.js";
import { authorityOf, isTls, parseEndpoint } from "../grpc/endpoint.js";
import type { Address, Router } from "../transport.js";
import { type DrivenServer, driveServer } from "./driven-server.js";
import { type Grpc, grpc } from "./grpc.js";
import type { ResolvedOptions } from "./options.js";

/** A grpc-js server on one address. */
export class GrpcJsListener extends ClosingListener {
  readonly address: Address;
  readonly #server: DrivenServer;
  readonly #clock: Clock;
  #drained: Promise<void> | undefined;

  private constructor(address: Address, server: DrivenServer, clock: Clock) {
    super();
    this.address = address;
    this.#server = server;
    this.#clock = clock;
  }

  static async open(address: Address, router: Router, options: ResolvedOptions): Promise<GrpcJsListener> {
    const endpoint = parseEndpoint(address, "grpc-js");
    const server = driveServer(router, options);
    const target = endpoint.port === undefined ? `unix:${endpoint.host}` : authorityOf(endpoint);
    const port = await bind(server.grpc, target, address, serverCredentials(isTls(endpoint), address, options));
    const bound = endpoint.port === undefined ? address : `${endpoint.scheme}://${authorityOf({ ...endpoint, port })}`;
    return new GrpcJsListener(bound, server, options.clock);
  }

  drain(): void {
    this.#drained ??= new Promise((resolve) => {
      this.#server.grpc.tryShutdown(() => resolve());
    });
  }

  protected async finish(graceMs: number): Promise<void> {
    const timer = this.#clock.timer(graceMs, () => this.#server.destroyConnections());
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

function serverCredentials(sealed: boolean, address: Address, { tls }: ResolvedOptions): Grpc.ServerCredentials {
  if (!sealed) return grpc.ServerCredentials.createInsecure();
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
