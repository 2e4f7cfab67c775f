import { Flag, FrameType, frameHeaderBytes, putFrameHeader } from "../frames/frames.js";
import type { Fields, FieldTemplate } from "../hpack/hpack.js";
import type { Outbox } from "../outbox.js";
import type { Sender, Sending } from "./sending.js";

/**
 * Of a gRPC message: whether it is compressed, and its length. Flow control knows of it so that prefix, message and the
 * header of their frame are written into the page in one go, with no buffer in between.
 */
export const messagePrefixBytes = 5;

/** From here on bytes are passed on as they are, unless they are lent; below, copying them costs less than a write of their own. */
const passBytes = 4096;

/** Whose queue it is. */
export interface QueueOwner {
  readonly id: number;
  readonly closed: boolean;
  sendHeaders(template: FieldTemplate, fields: Fields, endStream: boolean): void;
  /** Our side has ended. */
  sent(): void;
  /** What was queued has gone below the limit. */
  onWritable(): void;
}

/** Whoever has more than this queued had better wait until it is less. */
export const queueLimitBytes: number = 64 * 1024;

interface Trailers {
  readonly template: FieldTemplate;
  readonly fields: Fields;
}

/** What one stream has to send: at once where nothing is in the way, else in turns with the others. */
export class SendQueue implements Sender {
  /** What the peer takes on this stream. Negative where it made its windows smaller (RFC 9113 §6.9.2). */
  window: number;
  /** Waiting to be sent. */
  bytes = 0;
  /** Our side has said all. */
  ended = false;
  waits = false;
  readonly #owner: QueueOwner;
  readonly #outbox: Outbox;
  readonly #sending: Sending;
  #parts: Uint8Array[] | undefined;
  /** Of the first part, those already sent. */
  #offset = 0;
  #ending = false;
  #trailers: Trailers | undefined;

  constructor(owner: QueueOwner, outbox: Outbox, sending: Sending) {
    this.#owner = owner;
    this.#outbox = outbox;
    this.#sending = sending;
    this.window = sending.streamWindow;
  }

  get full(): boolean {
    return this.bytes >= queueLimitBytes;
  }

  get sendable(): boolean {
    return this.bytes > 0 && this.window > 0;
  }

  /** The first `length` of `bytes`. @param lent the bytes change after this */
  message(compressed: boolean, bytes: Uint8Array, length: number, lent: boolean, endStream: boolean): void {
    const total = messagePrefixBytes + length;
    if (this.bytes > 0 || total > this.window || !this.#sending.takes(total)) {
      this.#enqueue(compressed, lent ? Buffer.from(bytes.subarray(0, length)) : bytes, total, endStream);
      return;
    }
    this.#spend(total);
    if (lent || length < passBytes) this.#copy(compressed, bytes, length, endStream);
    else this.#pass(compressed, bytes, endStream);
    if (endStream) this.#owner.sent();
  }

  trailers(template: FieldTemplate, fields: Fields): void {
    if (this.bytes > 0) this.#trailers = { template, fields };
    else this.#owner.sendHeaders(template, fields, true);
  }

  end(): void {
    if (this.bytes > 0) this.#ending = true;
    else {
      this.#frame(0, Flag.END_STREAM);
      this.#owner.sent();
    }
  }

  turn(most: number): void {
    const length = Math.min(this.bytes, this.window, most);
    const wasFull = this.full;
    this.bytes -= length;
    const last = this.bytes === 0 && this.#ending;
    this.#spend(length);
    this.#frame(length, last ? Flag.END_STREAM : 0);
    this.#putParts(length);
    if (last) this.#owner.sent();
    else if (this.bytes === 0 && this.#trailers !== undefined) {
      const { template, fields } = this.#trailers;
      this.#trailers = undefined;
      this.#owner.sendHeaders(template, fields, true);
    }
    if (wasFull && !this.full && !this.#owner.closed) this.#owner.onWritable();
  }

  drop(): void {
    this.bytes = 0;
    this.#parts = undefined;
    this.#trailers = undefined;
  }

  #enqueue(compressed: boolean, message: Uint8Array, total: number, endStream: boolean): void {
    const prefix = Buffer.allocUnsafe(messagePrefixBytes);
    putPrefix(prefix, 0, compressed, message.length);
    this.#parts ??= [];
    this.#parts.push(prefix);
    if (message.length > 0) this.#parts.push(message);
    this.bytes += total;
    this.#ending = endStream;
    this.#sending.enqueue(this);
  }

  /** Messages that follow each other share a frame. */
  #copy(compressed: boolean, message: Uint8Array, length: number, endStream: boolean): void {
    const outbox = this.#outbox;
    const total = messagePrefixBytes + length;
    const at = this.#grow(total, endStream) ? outbox.end : this.#begin(total, endStream);
    const { bytes } = outbox;
    const start = putPrefix(bytes, at, compressed, length);
    bytes.set(length === message.length ? message : message.subarray(0, length), start);
    outbox.commit(start + length);
  }

  #pass(compressed: boolean, message: Uint8Array, endStream: boolean): void {
    const outbox = this.#outbox;
    const start = this.#begin(messagePrefixBytes, endStream, messagePrefixBytes + message.length);
    outbox.commit(putPrefix(outbox.bytes, start, compressed, message.length));
    outbox.pass(message);
  }

  /** Makes the frame that was written last longer by so many bytes, where it is one of ours and there is room. */
  #grow(bytes: number, endStream: boolean): boolean {
    const outbox = this.#outbox;
    if (outbox.dataStreamId !== this.#owner.id || !outbox.hasRoom(bytes)) return false;
    const header = outbox.dataHeaderAt;
    const length = outbox.end - header - frameHeaderBytes + bytes;
    if (length > this.#sending.maxDataBytes) return false;
    putFrameHeader(outbox.bytes, header, length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, this.#owner.id);
    return true;
  }

  /**
   * Writes the header of a frame.
   *
   * @param room for what follows in the page
   * @returns where it follows
   */
  #begin(room: number, endStream: boolean, length: number = room): number {
    const outbox = this.#outbox;
    const at = outbox.reserve(frameHeaderBytes + room);
    if (room === length) outbox.growsFrom(at, this.#owner.id);
    const flags = endStream ? Flag.END_STREAM : 0;
    return putFrameHeader(outbox.bytes, at, length, FrameType.DATA, flags, this.#owner.id);
  }

  #frame(length: number, flags: number): void {
    const outbox = this.#outbox;
    const at = outbox.reserve(frameHeaderBytes);
    outbox.commit(putFrameHeader(outbox.bytes, at, length, FrameType.DATA, flags, this.#owner.id));
  }

  #spend(bytes: number): void {
    this.window -= bytes;
    this.#sending.spend(bytes);
  }

  #putParts(length: number): void {
    const outbox = this.#outbox;
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
