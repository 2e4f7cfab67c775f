import { connect, createServer, type Server, type Socket } from "node:net";

/** `up`: from the client to the server. */
type Direction = "up" | "down";

export interface Slowness {
  /** How long each piece is on its way, in ms: from, and up to so much more. */
  readonly latencyMs: number;
  readonly jitterMs?: number;
  /** Default: as many as there are. */
  readonly bytesPerSecond?: number;
  /** Where the jitter comes from. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface Damage {
  /** Of the pieces, from 0 to 1. */
  readonly share: number;
  readonly random: () => number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: Road;
  readonly down: Road;
}

/** A road between a client and a server that can be watched, cut and blocked. Listens on 127.0.0.1. */
export class TcpProxy implements AsyncDisposable {
  /** How many connections clients have made, ever. */
  accepted = 0;
  /** What went through, by connection in the order they were made; kept where asked for. */
  readonly recordings: { readonly sent: Buffer[]; readonly received: Buffer[] }[] = [];
  readonly #record: boolean;
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Direction>();
  #slowness: Slowness | undefined;
  #damage: Damage | undefined;
  #refusing = false;

  private constructor(targetPort: number, record: boolean) {
    this.#target = targetPort;
    this.#record = record;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#join(client));
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

  /** Connections that stand now: neither side has closed. */
  get open(): number {
    return [...this.#pairs].filter(({ client, server }) => !client.readableEnded && !server.readableEnded).length;
  }

  /** Resets every connection; new ones may be made. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Accepts connections and lets nothing through, in either direction or in one, until `resume()`. */
  stall(...directions: readonly Direction[]): void {
    for (const each of directions.length > 0 ? directions : (["up", "down"] as const)) this.#stalled.add(each);
    for (const pair of this.#pairs) this.#hold(pair);
  }

  resume(): void {
    this.#stalled.clear();
    for (const { client, server, up, down } of this.#pairs) {
      up.release();
      down.release();
      client.resume();
      server.resume();
    }
  }

  /** From now on, in both directions; `undefined` ends it. */
  slow(slowness: Slowness | undefined): void {
    this.#slowness = slowness;
  }

  /** From now on one bit of such a share of the pieces arrives as another, in both directions; `undefined` ends it. */
  damage(damage: Damage | undefined): void {
    this.#damage = damage;
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
    const server = connect({ port: this.#target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const pair: Pair = { client, server, up: new Road(server), down: new Road(client) };
    this.#pairs.add(pair);
    this.#carry(pair, "up");
    this.#carry(pair, "down");
    if (this.#record) {
      const recording = { sent: [] as Buffer[], received: [] as Buffer[] };
      this.recordings.push(recording);
      client.on("data", (bytes) => recording.sent.push(bytes));
      server.on("data", (bytes) => recording.received.push(bytes));
    }
    this.#hold(pair);
  }

  #hold({ client, server, up, down }: Pair): void {
    if (this.#stalled.has("up")) {
      client.pause();
      up.hold();
    }
    if (this.#stalled.has("down")) {
      server.pause();
      down.hold();
    }
  }

  #carry(pair: Pair, direction: Direction): void {
    const [from, to] = direction === "up" ? [pair.client, pair.server] : [pair.server, pair.client];
    const road = pair[direction];
    from.on("data", (bytes) => {
      if (this.#damage !== undefined) harm(bytes, this.#damage);
      if (!road.send(bytes, this.#slowness)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#stalled.has(direction)) from.resume();
    });
    from.on("end", () => road.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#pairs.delete(pair);
      if (!from.readableEnded) to.destroy(); // else it ends once it has all that is on its way
    });
  }
}

function harm(bytes: Buffer, { share, random }: Damage): void {
  if (random() >= share) return;
  const at = Math.floor(random() * bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
}

/** One direction of a connection: what is sent arrives in order, however slow, and not while it is held. */
class Road {
  readonly #to: Socket;
  readonly #pieces: { readonly bytes: Buffer | undefined; readonly at: number }[] = [];
  #held = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket) {
    this.#to = to;
  }

  /** @returns whether it can take more at once */
  send(bytes: Buffer, slowness: Slowness | undefined): boolean {
    if (slowness === undefined && this.#pieces.length === 0 && !this.#held) return this.#to.write(bytes);
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = slowness ?? {};
    const { random = Math.random } = slowness ?? {};
    const arrival = performance.now() + latencyMs + random() * jitterMs;
    this.#queue(bytes, Math.max(this.#lastAt, arrival) + (bytes.length / bytesPerSecond) * 1000);
    return true;
  }

  end(): void {
    if (this.#pieces.length === 0 && !this.#held) this.#to.end();
    else this.#queue(undefined, this.#lastAt);
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#deliver();
  }

  get #lastAt(): number {
    return this.#pieces.at(-1)?.at ?? 0;
  }

  #queue(bytes: Buffer | undefined, at: number): void {
    this.#pieces.push({ bytes, at });
    if (this.#pieces.length === 1) this.#deliver();
  }

  /** What is due; the rest when it is. */
  #deliver(): void {
    clearTimeout(this.#timer);
    for (let next = this.#pieces[0]; next !== undefined && !this.#held; next = this.#pieces[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs);
        return;
      }
      this.#pieces.shift();
      if (next.bytes === undefined) this.#to.end();
      else if (!this.#to.destroyed) this.#to.write(next.bytes);
    }
  }
}
