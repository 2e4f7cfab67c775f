/**
 * One HTTP/2 connection over a socket, whichever side of it we are (RFC 9113).
 *
 * Promises: a peer that breaks a rule is told which, and loses the stream or the connection as the RFC says, nothing else;
 * what it can make us hold is bounded; when the connection is over every stream has been told so.
 */
import type { Socket } from "node:net";
import type { Timer } from "../../../time/time.js";
import { ConnectionError, Http2Code, http2CodeName } from "../errors.js";
import { Bandwidth } from "../flow-control/bandwidth.js";
import { Receiving } from "../flow-control/receiving.js";
import { Sending } from "../flow-control/sending.js";
import {
  Flag,
  FrameReader,
  type FrameSink,
  FrameType,
  writeGoaway,
  writePing,
  writeResetStream,
  writeSettings,
} from "../frames/frames.js";
import { type Fields, type FieldTemplate, type HeaderBlock, HpackEncoder } from "../hpack/hpack.js";
import { Outbox } from "../outbox.js";
import { maxWindowBytes, readSettings, Setting } from "../settings.js";
import type { Stream, StreamConnection } from "../stream/stream.js";
import { StreamTable } from "../stream/stream-table.js";
import type { ConnectionOptions } from "./connection-options.js";
import { type HeaderBlockSink, HeaderBlocks } from "./header-blocks.js";
import { writeHeaderBlock } from "./header-writer.js";
import { Keepalive, type Probing } from "./keepalive.js";
import { Patience } from "./patience.js";

/** Our SETTINGS_MAX_FRAME_SIZE: fewer frames for large messages, and still fair turns. */
const maxFrameBytes = 64 * 1024;

/** Our windows to begin with: what 50 ms of 20 MB a second hold. They grow with what the road turns out to hold. */
const streamWindowBytes = 1024 * 1024;

/** A peer that does not read what its own frames make us answer. */
const maxUnsentBytes = 4 * 1024 * 1024;

/** An entry of SETTINGS. */
const settingBytes = 6;

/** How long a peer may read why it was thrown out, in ms. */
const lingerMs = 1000;

/** How long a peer may read its last answers once the system has them all, in ms: a buffer full, over a slow road. */
const farewellMs = 30_000;

/** What our PINGs carry, to tell their answers apart. */
export const PingKind: { readonly keepalive: 1; readonly bandwidth: 2; readonly drain: 3 } = {
  keepalive: 1,
  bandwidth: 2,
  drain: 3,
};

export abstract class Connection implements FrameSink, HeaderBlockSink, Probing, StreamConnection {
  readonly outbox: Outbox;
  readonly sending: Sending;
  readonly receiving: Receiving;
  protected readonly socket: Socket;
  protected readonly options: ConnectionOptions;
  protected readonly patience: Patience;
  protected readonly streams: StreamTable = new StreamTable();
  /** Of those the peer opened. */
  protected lastPeerId = 0;
  /** What the peer said when it left. */
  protected lastWords: string | undefined;
  /** What the peer takes of header fields, in bytes as HPACK counts. */
  maxPeerHeaderBytes: number = Number.POSITIVE_INFINITY;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #encoder: HpackEncoder;
  #templates: Map<unknown, FieldTemplate> | undefined;
  readonly #keepalive: Keepalive;
  readonly #bandwidth = new Bandwidth();
  #settingsTimer: Timer | undefined;
  #begunAt = 0;
  #lingerTimer: Timer | undefined;
  #settled = false;
  #over = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.options = options;
    this.patience = new Patience(options.clock);
    this.outbox = new Outbox(socket);
    this.sending = new Sending(this.outbox);
    this.outbox.source = this.sending;
    this.receiving = new Receiving(this.outbox, streamWindowBytes);
    this.#reader = new FrameReader(this, maxFrameBytes);
    this.#blocks = new HeaderBlocks(options.maxHeaderBytes, this);
    this.#encoder = new HpackEncoder({ sensitive: options.sensitive });
    this.#keepalive = new Keepalive(options, this);
  }

  /** Calls that run. */
  abstract readonly running: number;

  abstract onHeaderBlock(streamId: number, block: HeaderBlock, endStream: boolean): void;
  protected abstract onGoaway(lastStreamId: number, code: number, debug: string): void;
  protected abstract onPing(): void;
  /** The peer's SETTINGS have come, the first ones or others. */
  protected abstract onSettings(first: boolean): void;
  /** Whether nobody has opened the stream yet. */
  protected abstract isIdle(id: number): boolean;
  /** @param id that the peer uses and that is no stream's of ours. @throws ConnectionError where it cannot be */
  protected abstract checkClosed(id: number, type: number): void;
  /** @param well both sides have said all they had to say */
  protected abstract onStreamEnd(well: boolean): void;
  /** The peer has ended a stream before its time. */
  protected abstract onReset(): void;
  protected abstract onOver(message: string): void;
  /** Something was thrown that nobody expects; nobody else is told of it. */
  protected abstract onFault(fault: unknown): void;

  /** Limits the peer's streams, where the peer may open any. */
  protected abstract readonly ownSettings: readonly (readonly [number, number])[];

  /** Whether nothing more can be said or heard. */
  get over(): boolean {
    return this.#over;
  }

  /** Begins to talk. */
  protected begin(): void {
    writeSettings(this.outbox, [
      [Setting.MAX_FRAME_SIZE, maxFrameBytes],
      [Setting.INITIAL_WINDOW_SIZE, this.receiving.streamWindow],
      [Setting.MAX_HEADER_LIST_SIZE, this.options.maxHeaderBytes],
      ...this.ownSettings,
    ]);
    this.receiving.open();
    const { clock, keepaliveTimeoutMs } = this.options;
    this.#begunAt = clock.now();
    this.#settingsTimer = clock.timer(
      keepaliveTimeoutMs,
      () => this.fail(new ConnectionError(Http2Code.SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged")),
      true,
    );
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.socket.on("drain", () => this.outbox.schedule());
    this.socket.on("error", (error: Error) => this.#end(error.message));
    this.socket.on("close", () => this.#end(this.lastWords ?? "the connection dropped"));
    this.socket.on("end", () => this.destroy(this.lastWords ?? "the peer closed the connection"));
  }

  /** Fields that are sent again and again; made once for a key. */
  template(key: unknown, fields: () => Fields): FieldTemplate {
    this.#templates ??= new Map();
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#encoder.template(fields());
      this.#templates.set(key, template);
    }
    return template;
  }

  writeHeaders(streamId: number, template: FieldTemplate, fields: Fields, endStream: boolean): void {
    this.sending.spoke = true;
    writeHeaderBlock(this.outbox, this.#encoder, this.sending.maxFrameBytes, streamId, template, fields, endStream);
  }

  resetStream(streamId: number, code: number): void {
    writeResetStream(this.outbox, streamId, code);
  }

  forget(stream: Stream, well: boolean): void {
    this.streams.delete(stream.id);
    if (this.streams.size === 0) this.#keepalive.rest();
    this.sending.forget(stream.queue);
    this.receiving.forget(stream);
    this.onStreamEnd(well);
  }

  ping(kind: number): void {
    const data = new Uint8Array(8);
    data[7] = kind;
    writePing(this.outbox, data, false);
  }

  probe(): void {
    this.ping(PingKind.keepalive);
  }

  onDead(): void {
    this.destroy("the peer does not answer: keepalive timed out");
  }

  /** Ends the connection at once, and every stream on it. */
  destroy(message: string): void {
    this.socket.destroy();
    this.#end(message);
  }

  /**
   * Tells the peer what it did, and ends the connection: what waits to be sent is not waited for.
   *
   * @param toUs what this side is told
   */
  protected fail(error: ConnectionError, toUs: string = error.message): void {
    if (this.#over) return;
    writeGoaway(this.outbox, this.lastPeerId, error.code, error.message);
    this.leave(`${http2CodeName(error.code)}: ${toUs}`);
    this.#linger(lingerMs);
  }

  /** Ends the connection once what was said has left, however slowly the peer reads it. */
  protected leave(message: string): void {
    if (this.#over) return;
    this.outbox.finish();
    this.#end(message);
    this.socket.once("finish", () => this.#linger(farewellMs));
    this.socket.once("close", () => this.#lingerTimer?.cancel());
    this.socket.end();
    // What the peer goes on sending is thrown away: a socket closed over unread bytes would take our last words with it.
    this.socket.resume();
  }

  /** The peer is to have closed its side by then. */
  #linger(ms: number): void {
    this.#lingerTimer ??= this.options.clock.timer(ms, () => this.socket.destroy(), true);
  }

  /** Tells a stream of header fields. */
  protected headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    if (endStream) stream.remoteEnded = true;
    stream.handler.onHeaders(block, endStream);
    if (endStream) stream.received();
  }

  protected add(stream: Stream): void {
    this.streams.add(stream);
    this.#keepalive.watch();
  }

  /** Nobody works any more for a stream that is over. */
  abstract onReleased(): void;

  /** A stream whose other side has yet to end. */
  abstract onHalfClosed(stream: Stream): void;

  /** The peer broke a rule that concerns one stream alone. @throws ConnectionError where it does so all the time */
  failStream(streamId: number, code: number, message: string): void {
    this.patience.spend("errors of single streams");
    this.resetStream(streamId, code);
    this.streams.get(streamId)?.close({ code, by: "self", message, unprocessed: false });
  }

  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    paddingBytes: number,
    frameEnds: boolean,
    endStream: boolean,
  ): void {
    this.#checkFirst(FrameType.DATA, 0);
    this.#blocks.checkNext(FrameType.DATA, streamId);
    const length = end - start + paddingBytes;
    this.receiving.received(length);
    if (this.#bandwidth.isDue(this.receiving.readBytes)) this.#measure();
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (end === start && frameEnds) this.patience.spend("empty frames of data");
      this.checkClosed(streamId, FrameType.DATA);
      return;
    }
    if (stream.remoteEnded) {
      this.failStream(streamId, Http2Code.STREAM_CLOSED, "data after the end of the stream");
      return;
    }
    if (!this.receiving.receivedOn(stream, length)) {
      this.failStream(streamId, Http2Code.FLOW_CONTROL_ERROR, "more data than the window of the stream allows");
      return;
    }
    if (paddingBytes > 0) stream.credit(paddingBytes);
    if (end > start) stream.handler.onData(bytes, start, end);
    else if (frameEnds && !endStream) this.patience.spend("empty frames of data");
    if (!endStream || stream.closed) return;
    stream.remoteEnded = true;
    stream.handler.onEnd();
    stream.received();
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#checkFirst(type, flags);
    this.#blocks.checkNext(type, streamId);
    switch (type) {
      case FrameType.HEADERS:
        this.#blocks.headers(flags, streamId, bytes, start, end);
        return;
      case FrameType.CONTINUATION:
        this.#blocks.continuation(flags, bytes, start, end);
        return;
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(streamId, bytes, start, end);
        return;
      case FrameType.RST_STREAM:
        this.#reset(streamId, bytes, start, end);
        return;
      case FrameType.PING:
        this.#pinged(flags, streamId, bytes, start, end);
        return;
      case FrameType.SETTINGS:
        this.#settings(flags, streamId, bytes, start, end);
        return;
      case FrameType.GOAWAY:
        if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "GOAWAY on a stream");
        if (end - start < 8) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "GOAWAY cut short");
        this.patience.spend("GOAWAYs");
        this.onGoaway(
          bytes.readUInt32BE(start) & 0x7fffffff,
          bytes.readUInt32BE(start + 4),
          bytes.toString("utf8", start + 8, Math.min(end, start + 8 + 256)),
        );
        return;
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PUSH_PROMISE, which nobody may send here");
      case FrameType.PRIORITY:
        this.#priority(streamId, start, end);
        return;
      default:
        this.patience.spend("frames of unknown types");
    }
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    this.#keepalive.heard();
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error);
      else this.#breakDown(error);
    }
  }

  /** A fault of ours: the peer is told no more than that there was one. */
  #breakDown(fault: unknown): void {
    const text = fault instanceof Error ? fault.message : "something that is no Error was thrown";
    this.fail(new ConnectionError(Http2Code.INTERNAL_ERROR, "internal error"), `a fault of ours: ${text}`);
    this.onFault(fault);
  }

  #end(message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.stop();
    this.#settingsTimer?.cancel();
    this.#keepalive.rest();
    this.outbox.close();
    try {
      for (const stream of this.streams.all()) this.#close(stream, message);
    } finally {
      this.onOver(message);
    }
  }

  /** One that takes it badly keeps it from no other. */
  #close(stream: Stream, message: string): void {
    try {
      stream.close({ code: Http2Code.NO_ERROR, by: "connection", message, unprocessed: false });
    } catch (fault) {
      this.onFault(fault);
    }
  }

  #checkFirst(type: number, flags: number): void {
    if (this.#settled || (type === FrameType.SETTINGS && (flags & Flag.ACK) === 0)) return;
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "SETTINGS come first");
  }

  /** What it says is deprecated and means nothing here (RFC 9113 §5.3.2); its form is held to. */
  #priority(streamId: number, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PRIORITY on stream 0");
    this.patience.spend("PRIORITY frames");
    if (end - start === 5) return;
    if (this.isIdle(streamId)) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "PRIORITY is 5 bytes");
    this.failStream(streamId, Http2Code.FRAME_SIZE_ERROR, "PRIORITY is 5 bytes");
  }

  #windowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "WINDOW_UPDATE is 4 bytes");
    const increment = bytes.readUInt32BE(start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      this.sending.grow(increment);
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.checkClosed(streamId, FrameType.WINDOW_UPDATE);
    else if (increment === 0) this.failStream(streamId, Http2Code.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    else if (stream.queue.window + increment > maxWindowBytes) {
      this.failStream(streamId, Http2Code.FLOW_CONTROL_ERROR, "the window of the stream overflows");
    } else {
      stream.queue.window += increment;
      this.sending.enqueue(stream.queue);
    }
  }

  #reset(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "RST_STREAM is 4 bytes");
    if (streamId === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "RST_STREAM on stream 0");
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.checkClosed(streamId, FrameType.RST_STREAM);
      return;
    }
    this.onReset();
    const code = bytes.readUInt32BE(start);
    stream.close({
      code,
      by: "peer",
      message: `RST_STREAM with code ${http2CodeName(code)}`,
      unprocessed: code === Http2Code.REFUSED_STREAM,
    });
  }

  #pinged(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PING on a stream");
    if (end - start !== 8) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "PING is 8 bytes");
    if ((flags & Flag.ACK) !== 0) {
      this.onPingAnswer(bytes[end - 1] as number);
      return;
    }
    this.onPing();
    this.sending.spoke = false;
    writePing(this.outbox, bytes.subarray(start, end), true);
    this.checkRead();
  }

  protected onPingAnswer(kind: number): void {
    if (kind !== PingKind.bandwidth) return;
    const window = this.#bandwidth.end(this.options.clock.now(), this.receiving.readBytes, this.receiving.streamWindow);
    if (window === undefined) return;
    this.receiving.grow(window, this.streams.all());
    writeSettings(this.outbox, [[Setting.INITIAL_WINDOW_SIZE, window]]);
  }

  #measure(): void {
    this.#bandwidth.begin(this.options.clock.now(), this.receiving.readBytes);
    this.ping(PingKind.bandwidth);
  }

  #settings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & Flag.ACK) !== 0) {
      if (end > start) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "SETTINGS that acknowledge are empty");
      if (this.#settingsTimer === undefined) return;
      this.#settingsTimer.cancel();
      this.#settingsTimer = undefined;
      this.#bandwidth.answered(this.options.clock.now() - this.#begunAt);
      return;
    }
    this.patience.spend("SETTINGS", 1 + (end - start) / settingBytes);
    readSettings(bytes, start, end, (id, value) => this.#apply(id, value));
    writeSettings(this.outbox, undefined);
    this.checkRead();
    const first = !this.#settled;
    this.#settled = true;
    this.onSettings(first);
  }

  #apply(id: number, value: number): void {
    if (id === Setting.HEADER_TABLE_SIZE) this.#encoder.setMaxTableBytes(value);
    else if (id === Setting.MAX_FRAME_SIZE) this.sending.maxFrameBytes = value;
    else if (id === Setting.MAX_HEADER_LIST_SIZE) this.maxPeerHeaderBytes = value;
    else if (id === Setting.INITIAL_WINDOW_SIZE) this.#moveWindows(value);
    else this.onSetting(id, value);
  }

  /** One that concerns the role alone. */
  protected abstract onSetting(id: number, value: number): void;

  /** RFC 9113 §6.9.2: the windows of running streams move too. */
  #moveWindows(streamWindow: number): void {
    const more = streamWindow - this.sending.streamWindow;
    this.sending.streamWindow = streamWindow;
    for (const stream of this.streams.all()) {
      stream.queue.window += more;
      if (stream.queue.window > maxWindowBytes) {
        throw new ConnectionError(Http2Code.FLOW_CONTROL_ERROR, "the window of a stream overflows");
      }
      this.sending.enqueue(stream.queue);
    }
  }

  /** @throws ConnectionError for a peer that does not read what we answer */
  protected checkRead(): void {
    if (this.outbox.unsentBytes <= maxUnsentBytes) return;
    throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, "the answers to its own frames are not read");
  }
}
