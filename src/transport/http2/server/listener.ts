import { Code, RpcError } from "../../../errors/errors.js";
import type { ParsedAddress } from "../../address.js";
import { ClosingListener } from "../../closing-listener.js";
import { isTls, parseEndpoint } from "../../grpc/endpoint.js";
import type { Address, Router } from "../../transport.js";
import { startServerCall } from "../grpc/server-call.js";
import { connectionOptions, type ResolvedOptions } from "../options.js";
import { Door } from "./door.js";
import { ServedConnection, type ServedConnectionOptions } from "./served-connection.js";

/** An HTTP/2 server on one address. */
export class Http2Listener extends ClosingListener {
  readonly #options: ResolvedOptions;
  readonly #door: Door;
  readonly #connections = new Set<ServedConnection>();
  #address: Address;
  #drained: Promise<void> | undefined;

  private constructor(address: Address, endpoint: ParsedAddress, router: Router, options: ResolvedOptions) {
    super();
    this.#address = address;
    this.#options = options;
    const shared: ServedConnectionOptions = {
      connection: connectionOptions(options),
      serve: (stream, peer) => startServerCall(stream, router, options, peer),
      onFault: (cause) =>
        router.onFault?.(new RpcError(Code.INTERNAL, `${address}: a connection broke down`, { cause })),
      onClosed: (connection) => this.#connections.delete(connection),
    };
    this.#door = new Door(endpoint, options, (socket) => {
      this.#connections.add(new ServedConnection(socket, options, shared));
    });
  }

  /** @throws TypeError where TLS is asked for and there is no certificate, RpcError UNAVAILABLE where the address cannot be had */
  static async open(address: Address, router: Router, options: ResolvedOptions): Promise<Http2Listener> {
    const endpoint = parseEndpoint(address, "http2");
    if (isTls(endpoint) && options.tls.cert === undefined) {
      throw new TypeError(`${address}: a TLS server needs a certificate; give the transport tls: { cert, key }`);
    }
    const listener = new Http2Listener(address, endpoint, router, options);
    listener.#address = await listener.#door.open(endpoint, address);
    return listener;
  }

  get address(): Address {
    return this.#address;
  }

  drain(): void {
    if (this.#drained !== undefined) return;
    this.#door.shut();
    for (const connection of this.#connections) connection.drain();
    this.#drained = this.#door.left();
  }

  protected async finish(graceMs: number): Promise<void> {
    const patience = new Promise<void>((resolve) => {
      const timer = this.#options.clock.timer(graceMs, resolve);
      void this.#drained?.then(() => timer.cancel());
    });
    await Promise.race([this.#drained, patience]);
    for (const connection of this.#connections) connection.destroy("the server closed");
    await this.#door.destroy();
  }
}
