import { connect, type Socket } from "node:net";
import type { Clock, Timer } from "../../../time/time.js";
import { Watchdog } from "../../watchdog.js";
import { FrameSplitter, JuteReader, JuteWriter } from "./jute.js";
import {
  errorCode,
  hasCode,
  type NewNode,
  type NodeEvent,
  op,
  readConnected,
  readEvent,
  readReplaced,
  readStat,
  type Stat,
  type Ticket,
  writeConnect,
  writeCreate,
  writeReplace,
  xid,
  ZooKeeperError,
} from "./protocol.js";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Which session to resume, or to ask for. */
  readonly ticket: Ticket;
  /** The latest change this client has seen: a server that is behind it refuses. */
  readonly lastZxid: bigint;
  /** How long the server may take to answer the first message. */
  readonly answerTimeoutMs: number;
  /** `user:password`. */
  readonly digest: string | undefined;
  readonly clock: Clock;
  readonly onEvent: (event: NodeEvent) => void;
  /** The server has given a sign of life. */
  readonly onAlive: () => void;
  /** It has answered a ping: the session is good for another timeout. */
  readonly onPong: () => void;
}

const largestXid = 2 ** 31 - 1;

interface Waiting {
  readonly xid: number;
  readonly resolve: (reply: JuteReader) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to one server, for as long as it lasts. Requests are answered in the order they are made in. Pings three
 * times per session timeout, and gives up a server that has been silent for two thirds of it: the last third is for
 * another.
 */
export class Connection {
  /** Resolves with the reason once it has ended; never rejects. */
  readonly ended: Promise<Error>;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #frames = new FrameSplitter();
  readonly #silence: Watchdog;
  #waiting: Waiting[] = [];
  #onConnected: ((ticket: Ticket) => void) | undefined;
  #end: (reason: Error) => void = () => {};
  #endReason: Error | undefined;
  #ticket: Ticket;
  #nextXid = 1;
  #lastZxid: bigint;
  #ping: Timer | undefined;
  #reached = false;

  private constructor(options: ConnectionOptions) {
    const { host, port, clock, ticket, lastZxid, answerTimeoutMs } = options;
    this.#options = options;
    this.#ticket = ticket;
    this.#lastZxid = lastZxid;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#silence = new Watchdog(clock, () => this.destroy(new SilentError()));
    this.#silence.feed(answerTimeoutMs);
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.once("connect", () => {
      this.#reached = true;
      this.#socket.write(writeConnect(new JuteWriter(), ticket, lastZxid).frame());
    });
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.on("error", (error) => this.destroy(connectionLoss(error.message || "connection failed")));
    this.#socket.on("close", () => this.destroy(connectionLoss("the server closed the connection")));
  }

  /**
   * Connects and resumes the session, or begins one.
   *
   * @throws ZooKeeperError SESSION_EXPIRED where the server does not know the session, CONNECTION_LOSS where it cannot be
   *   reached; RefusedError where it does not want us
   */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    const connection = new Connection(options);
    const abort = (): void => connection.destroy(connectionLoss("given up"));
    signal.addEventListener("abort", abort);
    try {
      if (signal.aborted) abort();
      await connection.#connected();
      return connection;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** As the server has granted it. */
  get ticket(): Ticket {
    return this.#ticket;
  }

  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** @throws what it has ended with, if it has */
  check(): void {
    if (this.#endReason !== undefined) throw this.#endReason;
  }

  /** @returns undefined where there is no such node: then nothing is watched */
  async children(path: string): Promise<readonly string[] | undefined> {
    return await unlessMissing(this.#read(op.getChildren, path, (reply) => reply.strings()));
  }

  /** @returns undefined where there is no such node: then nothing is watched */
  async data(path: string): Promise<{ readonly data: Buffer; readonly stat: Stat } | undefined> {
    const read = (reply: JuteReader) => ({ data: Buffer.from(reply.buffer()), stat: readStat(reply) });
    return await unlessMissing(this.#read(op.getData, path, read));
  }

  /** Watches in either case. */
  async exists(path: string): Promise<Stat | undefined> {
    return await unlessMissing(this.#read(op.exists, path, readStat));
  }

  /** @throws ZooKeeperError NODE_EXISTS; NO_NODE where its parent is not there */
  async create(node: NewNode): Promise<void> {
    await this.#request(op.create, (to) => writeCreate(to, node));
  }

  /** @throws ZooKeeperError BAD_VERSION, NO_NODE */
  async setData(path: string, data: Buffer, version: number): Promise<void> {
    await this.#request(op.setData, (to) => to.string(path).buffer(data).int(version));
  }

  async delete(path: string, version: number): Promise<void> {
    await this.#request(op.delete, (to) => to.string(path).int(version));
  }

  /** Deletes what is there and makes the node in its place; nobody sees it missing. */
  async replace(node: NewNode, version: number): Promise<void> {
    readReplaced(await this.#request(op.multi, (to) => writeReplace(to, node, version)));
  }

  /** Ends the session, and with it every ephemeral node. */
  async closeSession(): Promise<void> {
    await this.#request(op.closeSession, (to) => to);
    this.destroy(connectionLoss("closed"));
  }

  destroy(reason: Error): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#silence.stop();
    this.#ping?.cancel();
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#end(reason);
  }

  /** Every read sets a watch, except where the answer is that there is nothing. */
  async #read<T>(operation: number, path: string, read: (reply: JuteReader) => T): Promise<T> {
    return read(await this.#request(operation, (to) => to.string(path).bool(true)));
  }

  #request(operation: number, write: (to: JuteWriter) => JuteWriter): Promise<JuteReader> {
    if (this.#endReason !== undefined) return Promise.reject(this.#endReason);
    const number = this.#nextXid;
    this.#nextXid = (number % largestXid) + 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ xid: number, resolve, reject });
      this.#socket.write(write(new JuteWriter().int(number).int(operation)).frame());
    });
  }

  async #connected(): Promise<void> {
    const answered = new Promise<Ticket>((resolve) => {
      this.#onConnected = resolve;
    });
    const answer = await Promise.race([answered, this.ended]);
    if (answer instanceof SilentError) throw answer;
    if (answer instanceof Error) throw this.#reached ? new RefusedError(answer) : answer;
    if (answer.timeoutMs <= 0) {
      const expired = new ZooKeeperError(errorCode.SESSION_EXPIRED);
      this.destroy(expired);
      throw expired;
    }
    this.check();
    this.#ticket = answer;
    this.#silence.feed((answer.timeoutMs * 2) / 3);
    this.#authenticate();
    this.#pingLater();
  }

  #authenticate(): void {
    const { digest } = this.#options;
    if (digest === undefined) return;
    const packet = new JuteWriter().int(xid.auth).int(op.auth).int(0).string("digest").string(digest);
    this.#socket.write(packet.frame());
  }

  #pingLater(): void {
    this.#ping = this.#options.clock.timer(this.#ticket.timeoutMs / 3, () => {
      this.#socket.write(new JuteWriter().int(xid.ping).int(op.ping).frame());
      this.#pingLater();
    });
  }

  #take(bytes: Buffer): void {
    if (this.#endReason !== undefined) return;
    try {
      for (const frame of this.#frames.push(bytes)) this.#takeFrame(new JuteReader(frame));
    } catch (error) {
      const why =
        error instanceof RangeError ? `it does not speak ZooKeeper's protocol (${error.message})` : `${error}`;
      this.destroy(connectionLoss(why));
    }
  }

  #takeFrame(frame: JuteReader): void {
    const onConnected = this.#onConnected;
    if (onConnected !== undefined) {
      this.#onConnected = undefined;
      onConnected(readConnected(frame));
      return;
    }
    this.#silence.feed((this.#ticket.timeoutMs * 2) / 3);
    this.#options.onAlive();
    const number = frame.int();
    const zxid = frame.long();
    const code = frame.int();
    if (number === xid.event) this.#options.onEvent(readEvent(frame));
    else if (number === xid.auth && code !== 0) this.destroy(new ZooKeeperError(errorCode.AUTH_FAILED));
    else if (number === xid.ping) this.#options.onPong();
    else if (number > 0) this.#answer(number, zxid, code, frame);
  }

  #answer(number: number, zxid: bigint, code: number, reply: JuteReader): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    const waiting = this.#waiting.shift();
    if (waiting?.xid !== number) throw new RangeError(`an answer to ${number}, where ${waiting?.xid} was asked`);
    if (code === 0) waiting.resolve(reply);
    else waiting.reject(new ZooKeeperError(code));
  }
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (hasCode(error, errorCode.NO_NODE)) return undefined;
    throw error;
  }
}

function connectionLoss(why: string): ZooKeeperError {
  return new ZooKeeperError(errorCode.CONNECTION_LOSS, why);
}

/** The server has said nothing for too long. */
export class SilentError extends ZooKeeperError {
  constructor() {
    super(errorCode.CONNECTION_LOSS, "the server has fallen silent");
  }
}

/** The server was there, and ended the connection without an answer. */
export class RefusedError extends ZooKeeperError {
  constructor(reason: Error) {
    super(errorCode.CONNECTION_LOSS, reason.message);
  }
}
