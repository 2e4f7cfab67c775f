import { ConnectionError, Http2Code } from "../errors.js";
import type { Receiving } from "../flow-control/receiving.js";
import { type FrameSink, FrameType } from "../frames/frames.js";
import type { StreamTable } from "../stream/stream-table.js";
import { type Goaway, readGoaway } from "./goaway.js";
import type { HeaderBlocks } from "./header-blocks.js";
import type { Patience } from "./patience.js";
import type { Pings } from "./pings.js";
import type { SendWindows } from "./send-windows.js";
import type { SettingsExchange } from "./settings-exchange.js";
import type { StreamFrames } from "./stream-frames.js";
import type { StreamRules } from "./stream-rules.js";
import type { WindowGrowth } from "./window-growth.js";

/** Whom frames concern. */
export interface FrameRecipients {
  readonly settings: SettingsExchange;
  readonly blocks: HeaderBlocks;
  readonly pings: Pings;
  readonly windows: SendWindows;
  readonly streamFrames: StreamFrames;
  readonly streams: StreamTable;
  readonly receiving: Receiving;
  readonly growth: WindowGrowth;
  readonly patience: Patience;
  readonly side: IncomingSide;
}

/** What the two sides of a connection do differently. */
export interface IncomingSide extends StreamRules {
  /** The peer leaves, or says that it will. */
  onGoaway(goaway: Goaway): void;
}

/** Takes frames as they come: DATA to their streams, all others to whoever knows their type; what is out of order ends the connection. */
export class IncomingFrames implements FrameSink {
  readonly #settings: SettingsExchange;
  readonly #blocks: HeaderBlocks;
  readonly #pings: Pings;
  readonly #windows: SendWindows;
  readonly #streamFrames: StreamFrames;
  readonly #streams: StreamTable;
  readonly #receiving: Receiving;
  readonly #growth: WindowGrowth;
  readonly #patience: Patience;
  readonly #side: IncomingSide;

  constructor(recipients: FrameRecipients) {
    this.#settings = recipients.settings;
    this.#blocks = recipients.blocks;
    this.#pings = recipients.pings;
    this.#windows = recipients.windows;
    this.#streamFrames = recipients.streamFrames;
    this.#streams = recipients.streams;
    this.#receiving = recipients.receiving;
    this.#growth = recipients.growth;
    this.#patience = recipients.patience;
    this.#side = recipients.side;
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#settings.checkFirst(type, flags);
    this.#blocks.checkNext(type, streamId);
    switch (type) {
      case FrameType.HEADERS:
        this.#pings.heard();
        this.#blocks.headers(flags, streamId, bytes, start, end);
        return;
      case FrameType.CONTINUATION:
        this.#blocks.continuation(flags, bytes, start, end);
        return;
      case FrameType.WINDOW_UPDATE:
        this.#windows.update(streamId, bytes, start, end);
        return;
      case FrameType.RST_STREAM:
        this.#streamFrames.reset(streamId, bytes, start, end);
        return;
      case FrameType.PING:
        this.#pings.take(flags, streamId, bytes, start, end);
        return;
      case FrameType.SETTINGS:
        this.#settings.take(flags, streamId, bytes, start, end);
        return;
      case FrameType.GOAWAY:
        this.#goaway(readGoaway(streamId, bytes, start, end));
        return;
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PUSH_PROMISE, which nobody may send here");
      case FrameType.PRIORITY:
        this.#streamFrames.priority(streamId, start, end);
        return;
      default:
        this.#patience.spend("frames of unknown types");
    }
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
    this.#settings.checkFirst(FrameType.DATA, 0);
    this.#blocks.checkNext(FrameType.DATA, streamId);
    this.#pings.heard();
    const length = end - start + paddingBytes;
    this.#receiving.received(length);
    this.#growth.onData();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (end === start && frameEnds) this.#patience.spend("empty frames of data");
      this.#side.checkClosed(streamId, FrameType.DATA);
      return;
    }
    if (stream.remoteEnded) {
      this.#side.failStream(streamId, Http2Code.STREAM_CLOSED, "data after the end of the stream");
      return;
    }
    if (!this.#receiving.receivedOn(stream, length)) {
      this.#side.failStream(streamId, Http2Code.FLOW_CONTROL_ERROR, "more data than the window of the stream allows");
      return;
    }
    if (paddingBytes > 0) stream.credit(paddingBytes);
    if (end > start) stream.handler.onData(bytes, start, end);
    else if (frameEnds && !endStream) this.#patience.spend("empty frames of data");
    if (!endStream || stream.closed) return;
    stream.remoteEnded = true;
    stream.handler.onEnd();
    stream.received();
  }

  #goaway(goaway: Goaway): void {
    this.#patience.spend("GOAWAYs");
    this.#side.onGoaway(goaway);
  }
}
