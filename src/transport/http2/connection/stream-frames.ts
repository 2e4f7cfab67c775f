import { ConnectionError, Http2Code, http2CodeName } from "../errors.js";
import { FrameType } from "../frames/frames.js";
import type { StreamTable } from "../stream/stream-table.js";
import type { Patience } from "./patience.js";
import type { StreamRules } from "./stream-rules.js";

/** Frames that are about one stream and carry nothing for it: PRIORITY and RST_STREAM (RFC 9113 §6.3, §6.4). */
export class StreamFrames {
  readonly #streams: StreamTable;
  readonly #patience: Patience;
  readonly #rules: StreamRules;

  constructor(streams: StreamTable, patience: Patience, rules: StreamRules) {
    this.#streams = streams;
    this.#patience = patience;
    this.#rules = rules;
  }

  /** What it says is deprecated and means nothing here (RFC 9113 §5.3.2); its form is held to. @throws ConnectionError */
  priority(streamId: number, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PRIORITY on stream 0");
    this.#patience.spend("PRIORITY frames");
    if (end - start === 5) return;
    if (this.#rules.isIdle(streamId)) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "PRIORITY is 5 bytes");
    this.#rules.failStream(streamId, Http2Code.FRAME_SIZE_ERROR, "PRIORITY is 5 bytes");
  }

  /** @throws ConnectionError */
  reset(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "RST_STREAM is 4 bytes");
    if (streamId === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "RST_STREAM on stream 0");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#rules.checkClosed(streamId, FrameType.RST_STREAM);
      return;
    }
    this.#rules.onReset();
    const code = bytes.readUInt32BE(start);
    stream.close({
      code,
      by: "peer",
      message: `RST_STREAM with code ${http2CodeName(code)}`,
      unprocessed: code === Http2Code.REFUSED_STREAM,
    });
  }
}
