import { connect, createServer, type Server, type Socket } from "node:net";

/** A road between a client and a server that can be watched, cut and blocked. Listens on 127.0.0.1. */
export class TcpProxy implements AsyncDisposable {
  /** How many connections clients have made, ever. */
  accepted = 0;
  /** What went through, by connection in the order they were made; kept where asked for. */
  readonly recordings: { readonly sent: Buffer[]; readonly received: Buffer[] }[] = [];
  readonly #record: boolean;
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #stalled = false;
  #refusing = false;

  private constructor(targetPort: number, record: boolean) {
    this.#target = targetPort;
    this.#record = record;
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client));
  }

  /** @param target `127.0.0.1:port`, with or without a scheme before it */
  static async to(target: string, options: { readonly record?: boolean } = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(target.slice(target.lastIndexOf(":") + 1)), options.record ?? false);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** The address of the target with this proxy's port in it. */
  addressFor(target: string): string {
    return target.replace(/\d+$/, String(this.port));
  }

  /** Connections that stand now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resets every connection; new ones may be made. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Accepts connections and lets nothing through, in either direction, until `resume()`. */
  stall(): void {
    this.#stalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  resume(): void {
    this.#stalled = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Cuts every connection, and resets each new one at once, until `admit()`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  admit(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #join(client: Socket): void {
    this.accepted++;
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    this.#carry(client, server, pair);
    this.#carry(server, client, pair);
    if (this.#record) {
      const recording = { sent: [] as Buffer[], received: [] as Buffer[] };
      this.recordings.push(recording);
      client.on("data", (bytes) => recording.sent.push(bytes));
      server.on("data", (bytes) => recording.received.push(bytes));
    }
    if (this.#stalled) for (const socket of pair) socket.pause();
  }

  #carry(from: Socket, to: Socket, pair: readonly [Socket, Socket]): void {
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#stalled) from.resume();
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }
}
