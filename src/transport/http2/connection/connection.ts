/**
 * One HTTP/2 connection over a socket, whichever side of it we are (RFC 9113).
 *
 * Promises: a peer that breaks a rule is told which, and loses the stream or the connection as the RFC says, nothing else;
 * what it can make us hold is bounded; when the connection is over every stream has been told so.
 *
 * What comes goes from the socket to `FrameReader`, from there to `IncomingFrames`, and on to a stream or to whoever knows
 * that type of frame; what the two sides of a connection do differently is asked of them. What goes out is put into the
 * `Outbox`: by `SendQueue` as `Sending` gives turns, by `HeaderWriter`, and by whoever answers.
 */
import type { Socket } from "node:net";
import { ConnectionError, Http2Code } from "../errors.js";
import { Receiving } from "../flow-control/receiving.js";
import { Sending } from "../flow-control/sending.js";
import { FrameReader, writeResetStream } from "../frames/frames.js";
import type { Fields, FieldTemplate, HeaderBlock } from "../hpack/hpack.js";
import { Outbox } from "../outbox.js";
import { Setting } from "../settings.js";
import type { Stream, StreamConnection } from "../stream/stream.js";
import { StreamTable } from "../stream/stream-table.js";
import type { ConnectionOptions } from "./connection-options.js";
import { Ending, type EndingSink } from "./ending.js";
import type { Goaway } from "./goaway.js";
import { type HeaderBlockSink, HeaderBlocks } from "./header-blocks.js";
import { HeaderWriter } from "./header-writer.js";
import { IncomingFrames, type IncomingSide } from "./incoming-frames.js";
import { Keepalive, type Probing } from "./keepalive.js";
import { Patience } from "./patience.js";
import { PingKind, type PingSink, Pings } from "./pings.js";
import { SendWindows } from "./send-windows.js";
import { SettingsExchange, type SettingsSink } from "./settings-exchange.js";
import { StreamFrames } from "./stream-frames.js";
import { WindowGrowth } from "./window-growth.js";

/** Our SETTINGS_MAX_FRAME_SIZE: fewer frames for large messages, and still fair turns. */
const maxFrameBytes = 64 * 1024;

/** Our windows to begin with: what 50 ms of 20 MB a second hold. They grow with what the road turns out to hold. */
const streamWindowBytes = 1024 * 1024;

export abstract class Connection
  implements StreamConnection, IncomingSide, HeaderBlockSink, SettingsSink, PingSink, Probing, EndingSink
{
  readonly outbox: Outbox;
  readonly sending: Sending;
  readonly receiving: Receiving;
  maxPeerHeaderBytes: number = Number.POSITIVE_INFINITY;
  lastPeerId = 0;
  protected readonly socket: Socket;
  protected readonly options: ConnectionOptions;
  protected readonly streams: StreamTable = new StreamTable();
  protected readonly patience: Patience;
  protected readonly pings: Pings;
  protected readonly ending: Ending;
  readonly #reader: FrameReader;
  readonly #settings: SettingsExchange;
  readonly #headers: HeaderWriter;
  readonly #windows: SendWindows;
  readonly #growth: WindowGrowth;
  readonly #keepalive: Keepalive;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.options = options;
    this.outbox = new Outbox(socket);
    this.sending = new Sending(this.outbox);
    this.outbox.source = this.sending;
    this.receiving = new Receiving(this.outbox, streamWindowBytes);
    this.patience = new Patience(options.clock, this.outbox);
    this.pings = new Pings(this.outbox, this.sending, this.patience, this);
    this.ending = new Ending(socket, this.outbox, options.clock, this);
    this.#settings = new SettingsExchange(this.outbox, this.patience, options, this);
    this.#headers = new HeaderWriter(this.outbox, this.sending, options.sensitive);
    this.#windows = new SendWindows(this.sending, this.streams, this);
    this.#growth = new WindowGrowth(this.receiving, this.streams, this.outbox, this.pings, options.clock);
    this.#keepalive = new Keepalive(options, this);
    const incoming = new IncomingFrames({
      settings: this.#settings,
      blocks: new HeaderBlocks(options.maxHeaderBytes, this),
      pings: this.pings,
      windows: this.#windows,
      streamFrames: new StreamFrames(this.streams, this.patience, this),
      streams: this.streams,
      receiving: this.receiving,
      growth: this.#growth,
      patience: this.patience,
      side: this,
    });
    this.#reader = new FrameReader(incoming, maxFrameBytes);
  }

  // What the two sides do differently.

  /** Those of our SETTINGS that are of this side alone. */
  protected abstract readonly ownSettings: readonly (readonly [number, number])[];
  abstract onSettings(first: boolean): void;
  /** Calls that run. */
  abstract readonly running: number;
  abstract onHeaderBlock(streamId: number, block: HeaderBlock, endStream: boolean): void;
  abstract isIdle(id: number): boolean;
  abstract checkClosed(id: number, type: number): void;
  abstract onHalfClosed(stream: Stream): void;
  abstract onReset(): void;
  /** A stream is over. @param well both sides have said all they had to say */
  protected abstract onStreamEnd(well: boolean): void;
  abstract onReleased(): void;
  abstract onPing(): void;
  abstract onGoaway(goaway: Goaway): void;
  /** The connection is over, and every stream knows, but for the one whose end it was. */
  protected abstract onOver(message: string): void;
  /** Something was thrown that nobody expects; nobody else is told of it. */
  protected abstract onFault(fault: unknown): void;

  // From the first words to the last.

  /** Begins to talk. To be called once, when this side is made. */
  protected begin(): void {
    this.#settings.say([
      [Setting.MAX_FRAME_SIZE, maxFrameBytes],
      [Setting.INITIAL_WINDOW_SIZE, this.receiving.streamWindow],
      [Setting.MAX_HEADER_LIST_SIZE, this.options.maxHeaderBytes],
      ...this.ownSettings,
    ]);
    this.receiving.open();
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.socket.on("drain", () => this.outbox.schedule());
    this.ending.watch();
  }

  /** Whether nothing more can be said or heard. */
  get over(): boolean {
    return this.ending.over;
  }

  /** Ends the connection at once, and every stream on it. */
  destroy(message: string): void {
    this.ending.destroy(message);
  }

  onEnded(message: string): void {
    this.#reader.stop();
    this.#settings.close();
    this.#keepalive.close();
    try {
      for (const stream of this.streams.all()) this.#close(stream, message);
    } finally {
      this.onOver(message);
    }
  }

  // Its streams.

  protected add(stream: Stream): void {
    this.streams.add(stream);
    this.#keepalive.watch();
  }

  /** Tells a stream of header fields. */
  protected headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    if (endStream) stream.remoteEnded = true;
    stream.handler.onHeaders(block, endStream);
    if (endStream) stream.received();
  }

  template(key: unknown, fields: () => Fields): FieldTemplate {
    return this.#headers.template(key, fields);
  }

  writeHeaders(streamId: number, template: FieldTemplate, fields: Fields, endStream: boolean): void {
    this.#headers.write(streamId, template, fields, endStream);
  }

  resetStream(streamId: number, code: number): void {
    writeResetStream(this.outbox, streamId, code);
  }

  failStream(streamId: number, code: number, message: string): void {
    this.patience.spend("errors of single streams");
    this.resetStream(streamId, code);
    this.streams.get(streamId)?.close({ code, by: "self", message, unprocessed: false });
  }

  forget(stream: Stream, well: boolean): void {
    this.streams.delete(stream.id);
    if (this.streams.size === 0) this.#keepalive.rest();
    this.sending.forget(stream.queue);
    this.receiving.forget(stream);
    this.onStreamEnd(well);
  }

  // What the peer says of the connection, and what it leaves unsaid.

  /** One of those that are of both sides. */
  onSetting(id: number, value: number): void {
    if (id === Setting.HEADER_TABLE_SIZE) this.#headers.setMaxTableBytes(value);
    else if (id === Setting.MAX_FRAME_SIZE) this.sending.maxFrameBytes = value;
    else if (id === Setting.MAX_HEADER_LIST_SIZE) this.maxPeerHeaderBytes = value;
    else if (id === Setting.INITIAL_WINDOW_SIZE) this.#windows.move(value);
  }

  onSettingsAnswer(afterMs: number): void {
    this.#growth.onAnswer(afterMs);
  }

  onSettingsTimeout(error: ConnectionError): void {
    this.ending.fail(error);
  }

  onPingAnswer(kind: number): void {
    if (kind === PingKind.bandwidth) this.#growth.onPingAnswer();
  }

  /** No client minds. */
  get pauseMs(): number {
    return 0;
  }

  probe(): void {
    this.pings.send(PingKind.keepalive);
  }

  onDead(): void {
    this.destroy("the peer does not answer: keepalive timed out");
  }

  #read(chunk: Buffer): void {
    if (this.ending.over) return;
    this.#keepalive.heard();
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.ending.fail(error);
      else this.#breakDown(error);
    }
  }

  #breakDown(fault: unknown): void {
    this.ending.breakDown(fault);
    this.onFault(fault);
  }

  /** One that takes it badly keeps it from no other. */
  #close(stream: Stream, message: string): void {
    try {
      stream.close({ code: Http2Code.NO_ERROR, by: "connection", message, unprocessed: false });
    } catch (fault) {
      this.onFault(fault);
    }
  }
}
