import { ConnectionError, Http2Code } from "../errors.js";
import type { Sending } from "../flow-control/sending.js";
import { FrameType } from "../frames/frames.js";
import { maxWindowBytes } from "../settings.js";
import type { StreamTable } from "../stream/stream-table.js";
import type { StreamRules } from "./stream-rules.js";

/** How much the peer lets us send: what it says of it by WINDOW_UPDATE and by its SETTINGS (RFC 9113 §6.9). */
export class SendWindows {
  readonly #sending: Sending;
  readonly #streams: StreamTable;
  readonly #rules: StreamRules;

  constructor(sending: Sending, streams: StreamTable, rules: StreamRules) {
    this.#sending = sending;
    this.#streams = streams;
    this.#rules = rules;
  }

  /** WINDOW_UPDATE: one of them grows. @throws ConnectionError */
  update(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "WINDOW_UPDATE is 4 bytes");
    const increment = bytes.readUInt32BE(start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      this.#sending.grow(increment);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#rules.checkClosed(streamId, FrameType.WINDOW_UPDATE);
    else if (increment === 0) this.#rules.failStream(streamId, Http2Code.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    else if (stream.queue.window + increment > maxWindowBytes) {
      this.#rules.failStream(streamId, Http2Code.FLOW_CONTROL_ERROR, "the window of the stream overflows");
    } else {
      stream.queue.window += increment;
      this.#sending.enqueue(stream.queue);
    }
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: the windows of running streams move too (§6.9.2). @throws ConnectionError */
  move(streamWindow: number): void {
    const more = streamWindow - this.#sending.streamWindow;
    this.#sending.streamWindow = streamWindow;
    for (const stream of this.#streams.all()) {
      stream.queue.window += more;
      if (stream.queue.window > maxWindowBytes) {
        throw new ConnectionError(Http2Code.FLOW_CONTROL_ERROR, "the window of a stream overflows");
      }
      this.#sending.enqueue(stream.queue);
    }
  }
}
