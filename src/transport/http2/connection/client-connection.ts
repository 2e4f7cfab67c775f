import type { Socket } from "node:net";
import { warn } from "../../warn.js";
import { ConnectionError, Http2Code } from "../errors.js";
import { connectionPreface, FrameType } from "../frames/frames.js";
import type { HeaderBlock } from "../hpack/hpack.js";
import { Setting } from "../settings.js";
import { Stream, type StreamHandler } from "../stream/stream.js";
import { Connection } from "./connection.js";
import type { ConnectionOptions } from "./connection-options.js";
import { farewellMs } from "./ending.js";
import type { Goaway } from "./goaway.js";
import { idsRunOut, type Leaving, leavingFor } from "./leaving.js";
import { pauseMs, wishedMs } from "./ping-pace.js";

/** Ids are 31 bits and never used again; nobody waits for the very last. */
const lastUsefulId = 2 ** 31 - 1024;

/** Before its SETTINGS say otherwise a peer takes any number, of which ids allow no more; we wait for them. */
const unlimited = 2 ** 30;

/** Node rounds down to whole seconds, and takes 0 for two hours. */
const leastSystemMs = 1000;

/** Blocks of header fields in an answer: its header and its trailer. */
const answerBlocks = 2;

/** How whoever dialled learns of a connection. Each text is for people. */
export interface ClientConnectionEvents {
  /** The peer's SETTINGS have come: calls may be made. */
  onReady(): void;
  /** There is room for a call again, after there was none. */
  onRoom(): void;
  /** No further calls: the peer said GOAWAY, or ids run out. Running calls go on. */
  onLeaving(leaving: Leaving): void;
  /** Once, last. */
  onClosed(message: string): void;
}

/** The side that makes calls. A process may end while none runs, as with other gRPC clients. */
export class ClientConnection extends Connection {
  readonly #events: ClientConnectionEvents;
  #nextId: number;
  /** The server's, if it says so. */
  #minPingIntervalMs: number | undefined;
  #maxConcurrentStreams = unlimited;
  #ready = false;
  #leaving = false;
  #full = false;
  #answered = false;

  /**
   * @param socket connected; with TLS, for `h2`
   * @param firstId of a stream, odd. For tests: a thousand million calls are too many to see what comes after the last
   */
  constructor(socket: Socket, options: ConnectionOptions, events: ClientConnectionEvents, firstId = 1) {
    super(socket, options);
    this.#events = events;
    this.#nextId = firstId;
    const at = this.outbox.reserve(connectionPreface.length);
    this.outbox.commit(at + connectionPreface.copy(this.outbox.bytes, at));
    this.begin();
  }

  /** Whether it takes calls at all. */
  get open(): boolean {
    return this.#ready && !this.#leaving && !this.over;
  }

  /** Whether it takes one more call now; where it does not, `onRoom` says when. */
  takesCall(): boolean {
    if (this.streams.size < this.#maxConcurrentStreams) return this.open;
    this.#full = true;
    return false;
  }

  /** To be called where the peer answers a call as gRPC does, well or not. */
  noteAnswer(): void {
    this.#answered = true;
  }

  /** Whether it was worth having: the peer has answered a call, or there were so many that ids ran out. */
  get useful(): boolean {
    return this.#answered || this.#nextId > lastUsefulId;
  }

  /** Opens a stream. Its header fields are to be sent before another is opened. */
  request(handler: StreamHandler): Stream {
    const stream = new Stream(this.#nextId, this, handler);
    this.#nextId += 2;
    this.add(stream);
    if (this.streams.size === 1) this.socket.ref();
    if (this.#nextId > lastUsefulId) this.#leave(idsRunOut);
    return stream;
  }

  /** Takes no further calls, and closes once the last has ended. */
  drain(): void {
    this.#leaving = true;
    this.#closeWhenIdle();
  }

  protected get ownSettings(): readonly (readonly [number, number])[] {
    return [[Setting.ENABLE_PUSH, 0]];
  }

  override onSetting(id: number, value: number): void {
    super.onSetting(id, value);
    if (id === Setting.MAX_CONCURRENT_STREAMS) this.#maxConcurrentStreams = value;
    if (id === Setting.MIN_PING_INTERVAL) this.#minPingIntervalMs = value;
    if (id === Setting.ENABLE_PUSH && value === 1) {
      throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "a server that offers to be pushed to");
    }
  }

  onSettings(first: boolean): void {
    if (first) {
      this.#ready = true;
      this.#haveSystemAsk();
      this.socket.unref();
      this.#events.onReady();
    }
    this.#tellRoom();
  }

  get running(): number {
    return this.streams.size;
  }

  onHeaderBlock(streamId: number, block: HeaderBlock, endStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.checkClosed(streamId, FrameType.HEADERS);
      return;
    }
    if (stream.remoteEnded) {
      this.failStream(streamId, Http2Code.STREAM_CLOSED, "header fields after the end of the stream");
      return;
    }
    this.headersOf(stream, block, endStream);
  }

  isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextId;
  }

  /** What comes late on a stream that is over changes nothing. */
  checkClosed(id: number, type: number): void {
    if (!this.isIdle(id)) {
      if (type === FrameType.HEADERS) this.patience.spend("header fields of calls that are over");
      return;
    }
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, `a frame on stream ${id}, which nobody opened`);
  }

  override resetStream(streamId: number, code: number): void {
    super.resetStream(streamId, code);
    this.patience.earn(answerBlocks); // they may be on their way
  }

  /** The server may still be answering. */
  onHalfClosed(): void {}

  /** The streams are ours: no server can reset more than we open. */
  onReset(): void {}

  protected onStreamEnd(): void {
    if (this.streams.size === 0) this.socket.unref();
    if (this.#full) this.#tellRoom();
    if (this.#leaving) this.#closeWhenIdle();
  }

  /** A call of ours has its place until its stream is over, no longer. */
  onReleased(): void {}

  override get pauseMs(): number {
    return pauseMs(wishedMs(this.options, this.#minPingIntervalMs), this.pings.unheard);
  }

  /** A server that measures how fast our requests come may PING as often. */
  onPing(): void {
    if (!this.sending.spoke) this.patience.spend("PINGs");
  }

  onGoaway(goaway: Goaway): void {
    const leaving = leavingFor(goaway);
    this.ending.lastWords = leaving.message;
    this.#leave(leaving); // first, or the room of what ends now would be given to others
    for (const stream of this.streams.all()) {
      if (stream.id > goaway.lastStreamId) {
        stream.close({ code: goaway.code, by: "connection", message: leaving.message, unprocessed: true });
      }
    }
  }

  protected onOver(message: string): void {
    this.#events.onClosed(message);
  }

  /** Its calls are told that there was one. */
  protected onFault(fault: unknown): void {
    warn("a fault of Hawser's has ended a connection", fault);
  }

  /** Of its own probes no server knows: they find a dead machine where we ask seldom. */
  #haveSystemAsk(): void {
    const { keepaliveMs } = this.options;
    const wished = wishedMs(this.options, this.#minPingIntervalMs);
    if (keepaliveMs > 0 && wished > keepaliveMs) this.socket.setKeepAlive(true, Math.max(keepaliveMs, leastSystemMs));
  }

  #tellRoom(): void {
    if (!this.#full || !this.open || this.streams.size >= this.#maxConcurrentStreams) return;
    this.#full = false;
    this.#events.onRoom();
  }

  #leave(leaving: Leaving): void {
    if (!this.#leaving) {
      this.#leaving = true;
      this.#events.onLeaving(leaving);
    }
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.streams.size === 0) this.ending.leave("closed", farewellMs);
  }
}
