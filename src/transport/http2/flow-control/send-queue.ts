import { Flag, FrameType, frameHeaderBytes, putFrameHeader } from "../frames/frames.js";
import type { Fields, FieldTemplate } from "../hpack/hpack.js";
import type { Stream } from "../stream/stream.js";

/** Of a gRPC message: whether it is compressed, and its length. */
export const messagePrefixBytes = 5;

/** From here on bytes are passed on as they are; below, copying them costs less than a write of their own. */
const passBytes = 4096;

interface Trailers {
  readonly template: FieldTemplate;
  readonly fields: Fields;
}

/** What one stream has to send: at once where nothing is in the way, else in turns with the others. */
export class SendQueue {
  /** What the peer takes on this stream. Negative where it made its windows smaller (RFC 9113 §6.9.2). */
  window: number;
  /** Waiting to be sent. */
  bytes = 0;
  /** Our side has said all. */
  ended = false;
  readonly #stream: Stream;
  #parts: Uint8Array[] | undefined;
  /** Of the first part, those already sent. */
  #offset = 0;
  #ending = false;
  #trailers: Trailers | undefined;

  constructor(stream: Stream, window: number) {
    this.#stream = stream;
    this.window = window;
  }

  /** Whether a turn would send something. */
  get sendable(): boolean {
    return this.bytes > 0 && this.window > 0;
  }

  message(compressed: boolean, message: Uint8Array, endStream: boolean): void {
    const { sending } = this.#stream.connection;
    const total = messagePrefixBytes + message.length;
    if (this.bytes === 0 && total <= this.window && sending.takes(total)) {
      this.#sendWhole(compressed, message, total, endStream);
      return;
    }
    const prefix = Buffer.allocUnsafe(messagePrefixBytes);
    putPrefix(prefix, 0, compressed, message.length);
    this.#parts ??= [];
    this.#parts.push(prefix);
    if (message.length > 0) this.#parts.push(message);
    this.bytes += total;
    this.#ending = endStream;
    sending.enqueue(this.#stream);
  }

  trailers(template: FieldTemplate, fields: Fields): void {
    if (this.bytes > 0) this.#trailers = { template, fields };
    else this.#stream.sendHeaders(template, fields, true);
  }

  end(): void {
    if (this.bytes > 0) this.#ending = true;
    else this.#sendEmpty();
  }

  /** Sends one frame at most. @param most bytes of payload */
  turn(most: number): void {
    const length = Math.min(this.bytes, this.window, most);
    const { outbox, sending } = this.#stream.connection;
    const wasFull = this.#stream.full;
    this.bytes -= length;
    const last = this.bytes === 0 && this.#ending;
    this.#spend(length);
    const at = outbox.reserve(frameHeaderBytes);
    outbox.commit(
      putFrameHeader(outbox.bytes, at, length, FrameType.DATA, last ? Flag.END_STREAM : 0, this.#stream.id),
    );
    this.#putParts(length);
    sending.onDataSent();
    if (last) this.#stream.sent();
    else if (this.bytes === 0 && this.#trailers !== undefined) {
      const { template, fields } = this.#trailers;
      this.#trailers = undefined;
      this.#stream.sendHeaders(template, fields, true);
    }
    if (wasFull && !this.#stream.full && !this.#stream.closed) this.#stream.handler.onWritable();
  }

  drop(): void {
    this.bytes = 0;
    this.#parts = undefined;
    this.#trailers = undefined;
  }

  /** The usual case: a message that fits into one frame, and windows that take it. */
  #sendWhole(compressed: boolean, message: Uint8Array, total: number, endStream: boolean): void {
    const { outbox, sending } = this.#stream.connection;
    this.#spend(total);
    const passed = message.length >= passBytes;
    const at = outbox.reserve(frameHeaderBytes + (passed ? messagePrefixBytes : total));
    const { bytes } = outbox;
    const flags = endStream ? Flag.END_STREAM : 0;
    const prefix = putFrameHeader(bytes, at, total, FrameType.DATA, flags, this.#stream.id);
    const start = putPrefix(bytes, prefix, compressed, message.length);
    if (passed) {
      outbox.commit(start);
      outbox.pass(message);
    } else {
      bytes.set(message, start);
      outbox.commit(start + message.length);
    }
    sending.onDataSent();
    if (endStream) this.#stream.sent();
  }

  #sendEmpty(): void {
    const { outbox } = this.#stream.connection;
    const at = outbox.reserve(frameHeaderBytes);
    outbox.commit(putFrameHeader(outbox.bytes, at, 0, FrameType.DATA, Flag.END_STREAM, this.#stream.id));
    this.#stream.sent();
  }

  #spend(bytes: number): void {
    this.window -= bytes;
    this.#stream.connection.sending.window -= bytes;
  }

  #putParts(length: number): void {
    const { outbox } = this.#stream.connection;
    const parts = this.#parts as Uint8Array[];
    let left = length;
    while (left > 0) {
      const part = parts[0] as Uint8Array;
      const end = Math.min(part.length, this.#offset + left);
      const slice = part.subarray(this.#offset, end);
      left -= slice.length;
      if (slice.length >= passBytes) outbox.pass(slice);
      else {
        const at = outbox.reserve(slice.length);
        outbox.bytes.set(slice, at);
        outbox.commit(at + slice.length);
      }
      this.#offset = end;
      if (end < part.length) break;
      parts.shift();
      this.#offset = 0;
    }
  }
}

/** Returns where the message begins. */
function putPrefix(bytes: Uint8Array, at: number, compressed: boolean, length: number): number {
  bytes[at] = compressed ? 1 : 0;
  bytes[at + 1] = length >>> 24;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = length >>> 8;
  bytes[at + 4] = length;
  return at + messagePrefixBytes;
}
