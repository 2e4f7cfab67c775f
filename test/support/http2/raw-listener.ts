import { type AddressInfo, createServer, type Server } from "node:net";
import { preface } from "./constants.js";
import { RawPeer, type RawPeerOptions } from "./raw-peer.js";

/** Accepts connections and speaks HTTP/2 on them as it is told to. Listens on 127.0.0.1. */
export class RawListener implements AsyncDisposable {
  /** Those that were accepted, ever. */
  readonly peers: RawPeer[] = [];
  readonly #server: Server;
  readonly #accepted: RawPeer[] = [];
  readonly #waiting: ((peer: RawPeer) => void)[] = [];

  private constructor(options: RawPeerOptions) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      let seen = Buffer.alloc(0);
      socket.on("error", () => {});
      const onData = (bytes: Buffer): void => {
        seen = Buffer.concat([seen, bytes]);
        if (seen.length < preface.length) return;
        socket.off("data", onData);
        socket.pause();
        socket.unshift(seen.subarray(preface.length));
        const peer = new RawPeer(socket, "server", options);
        this.peers.push(peer);
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#accepted.push(peer);
        else waiting(peer);
        socket.resume();
      };
      socket.on("data", onData);
    });
  }

  /** @param options of every peer */
  static async start(options: RawPeerOptions = {}): Promise<RawListener> {
    const listener = new RawListener(options);
    await new Promise<void>((resolve) => listener.#server.listen(0, "127.0.0.1", resolve));
    return listener;
  }

  get address(): string {
    return `grpc://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next client whose preface has come. */
  accept(): Promise<RawPeer> {
    const peer = this.#accepted.shift();
    if (peer !== undefined) return Promise.resolve(peer);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    for (const peer of this.peers) void peer.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
