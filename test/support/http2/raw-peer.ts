import { connect, type Socket } from "node:net";
import { preface } from "./constants.js";
import { FrameReader } from "./frame-reader.js";
import { ping, settings, settingsAck } from "./frames.js";
import { describeFrame, type Frame } from "./received.js";

export interface RawPeerOptions {
  /** What is said first. Default: empty SETTINGS, behind the preface where it is a client. */
  readonly greeting?: readonly Uint8Array[];
  /** Whether SETTINGS and PING are acknowledged by themselves. Default: true. */
  readonly answers?: boolean;
}

interface Waiting {
  readonly wants: (frame: Frame) => boolean;
  resolve(frame: Frame): void;
  reject(error: Error): void;
}

/** One end of an HTTP/2 connection that says whatever it is told to, and reads what comes. */
export class RawPeer implements AsyncDisposable {
  /** All that came, in order. */
  readonly received: Frame[] = [];
  /** Resolves once the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  readonly #answers: boolean;
  /** What came and nobody has asked for yet. */
  readonly #unread: Frame[] = [];
  readonly #waiting: Waiting[] = [];
  #gone: Error | undefined;
  #nextId: number;

  /** @param socket connected */
  constructor(socket: Socket, side: "client" | "server", { answers = true, greeting }: RawPeerOptions = {}) {
    this.socket = socket;
    this.#answers = answers;
    this.#nextId = side === "client" ? 1 : 2;
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#fail();
        resolve();
      });
    });
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.#read(bytes));
    this.write(...(greeting ?? (side === "client" ? [preface, settings()] : [settings()])));
  }

  /** A client. @param address `grpc://127.0.0.1:port` */
  static connect(address: string, options: RawPeerOptions = {}): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const port = Number(address.slice(address.lastIndexOf(":") + 1));
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawPeer(socket, "client", options)));
    });
  }

  /** Whether this side has not seen the connection end. */
  get open(): boolean {
    return !this.socket.destroyed && this.#gone === undefined;
  }

  /** An id no stream of this side has had: 1, 3, 5 … */
  nextId(): number {
    this.#nextId += 2;
    return this.#nextId - 2;
  }

  /** Says this, in one write. Nothing where the connection is gone. */
  write(...pieces: readonly Uint8Array[]): this {
    if (this.open && pieces.length > 0) this.socket.write(Buffer.concat(pieces));
    return this;
  }

  /**
   * Says it again and again, a batch a turn of the loop, until the other side says GOAWAY or hangs up.
   *
   * @param batch what to say the n-th time, from 0
   * @returns how many batches were said: `most` where nobody minded
   */
  async flood(most: number, batch: (n: number) => readonly Uint8Array[] | Uint8Array): Promise<number> {
    for (let n = 0; n < most; n++) {
      if (!this.open || this.received.some(({ kind }) => kind === "goaway")) return n;
      const pieces = batch(n);
      await this.#say(Buffer.concat(pieces instanceof Uint8Array ? [pieces] : pieces));
    }
    return most;
  }

  /** The first frame nobody has had that is wanted, come or to come. @throws Error where the connection ends before */
  next<T extends Frame>(wants: (frame: Frame) => frame is T): Promise<T>;
  next(wants?: (frame: Frame) => boolean): Promise<Frame>;
  next(wants: (frame: Frame) => boolean = () => true): Promise<Frame> {
    const at = this.#unread.findIndex(wants);
    if (at >= 0) return Promise.resolve(this.#unread.splice(at, 1)[0] as Frame);
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => this.#waiting.push({ wants, resolve, reject }));
  }

  /** Whether such a frame has come and nobody has had it. */
  has(wants: (frame: Frame) => boolean): boolean {
    return this.#unread.some(wants);
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves once it has left this process, or never will, and those who read it here have had their turn. */
  async #say(bytes: Buffer): Promise<void> {
    await new Promise<unknown>((resolve) => this.socket.write(bytes, resolve));
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  #read(bytes: Buffer): void {
    for (const frame of this.#reader.read(bytes)) {
      this.received.push(frame);
      if (this.#answers) this.#answer(frame);
      const at = this.#waiting.findIndex(({ wants }) => wants(frame));
      if (at < 0) this.#unread.push(frame);
      else this.#waiting.splice(at, 1)[0]?.resolve(frame);
    }
  }

  #answer(frame: Frame): void {
    if (frame.kind === "settings" && !frame.ack) this.write(settingsAck);
    if (frame.kind === "ping" && !frame.ack) this.write(ping(frame.payload, true));
  }

  #fail(): void {
    const last = this.received.slice(-20).map(describeFrame).join(", ");
    this.#gone = new Error(`the connection ended; the last that came: ${last || "nothing"}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }
}
