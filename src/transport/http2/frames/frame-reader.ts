import { ConnectionError, Http2Code } from "../errors.js";
import { Flag, FrameType, frameHeaderBytes } from "./frame.js";

/** Who is told what was read. What it throws ends the reading. */
export interface FrameSink {
  /**
   * A part of a DATA frame, or all of it. The bytes are lent for the time of this call.
   *
   * @param paddingBytes those that count against the windows though they carry nothing
   * @param endStream this was the last of the stream
   */
  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    paddingBytes: number,
    frameEnds: boolean,
    endStream: boolean,
  ): void;
  /** Any other frame, whole. The bytes are lent for the time of this call. */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
}

const none: Buffer = Buffer.alloc(0);

/** Cuts what a socket gives into frames. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  /** The beginning of a frame whose rest has not come: its header, and its payload but for DATA. */
  #held: Buffer = none;
  #heldBytes = 0;
  /** What is still to come of a DATA frame that is passed on in parts. */
  #dataLeft = 0;
  #dataStream = 0;
  #dataEndsStream = false;
  #stopped = false;

  /** @param maxFrameBytes our SETTINGS_MAX_FRAME_SIZE */
  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Nothing more is told, of what is being read neither. */
  stop(): void {
    this.#stopped = true;
    this.#held = none;
  }

  /** @throws ConnectionError for a frame that cannot be, and whatever the sink throws */
  read(chunk: Buffer): void {
    let at = 0;
    if (this.#dataLeft > 0) at = this.#readDataPart(chunk, 0);
    else if (this.#heldBytes > 0) at = this.#readHeld(chunk);
    const end = chunk.length;
    while (end - at >= frameHeaderBytes && !this.#stopped) {
      const length = ((chunk[at] as number) << 16) | ((chunk[at + 1] as number) << 8) | (chunk[at + 2] as number);
      this.#checkLength(length);
      const payload = at + frameHeaderBytes;
      if (end - payload < length && !this.#isPlainData(chunk, at)) break;
      at = this.#readFrame(chunk, at, Math.min(end, payload + length), length);
    }
    if (at < end && !this.#stopped) this.#hold(chunk, at);
  }

  /** @param end of what is there of the payload: all of it, but for plain DATA */
  #readFrame(bytes: Buffer, at: number, end: number, length: number): number {
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const streamId =
      (((bytes[at + 5] as number) & 0x7f) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number);
    const start = at + frameHeaderBytes;
    if (type !== FrameType.DATA) {
      this.#sink.onFrame(type, flags, streamId, bytes, start, end);
      return end;
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.PADDED) !== 0) {
      const padding = paddingOf(bytes, start, end);
      this.#sink.onData(streamId, bytes, start + 1, end - padding, padding + 1, true, endStream);
      return end;
    }
    const left = start + length - end;
    this.#dataLeft = left;
    this.#dataStream = streamId;
    this.#dataEndsStream = endStream;
    if (left === 0 || end > start)
      this.#sink.onData(streamId, bytes, start, end, 0, left === 0, left === 0 && endStream);
    return end;
  }

  #readDataPart(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    const ends = this.#dataLeft === 0;
    this.#sink.onData(this.#dataStream, chunk, at, end, 0, ends, ends && this.#dataEndsStream);
    return end;
  }

  /** DATA is passed on as it comes, but where it is padded: the padding stands at both ends. */
  #isPlainData(bytes: Buffer, at: number): boolean {
    return bytes[at + 3] === FrameType.DATA && ((bytes[at + 4] as number) & Flag.PADDED) === 0;
  }

  #hold(chunk: Buffer, at: number): void {
    this.#heldBytes = chunk.length - at;
    this.#held = Buffer.allocUnsafe(Math.max(this.#heldBytes, frameHeaderBytes));
    chunk.copy(this.#held, 0, at);
    this.#growHeld();
  }

  /** Makes room for the whole of a frame whose length is known. */
  #growHeld(): void {
    if (this.#heldBytes < frameHeaderBytes) return;
    const length = this.#held.readUIntBE(0, 3);
    this.#checkLength(length);
    const total = this.#isPlainData(this.#held, 0) ? frameHeaderBytes : frameHeaderBytes + length;
    if (this.#held.length === total) return;
    const grown = Buffer.allocUnsafe(total);
    this.#held.copy(grown, 0, 0, this.#heldBytes);
    this.#held = grown;
  }

  /** Fills up the frame that was begun and tells it. Returns where the next one begins. */
  #readHeld(chunk: Buffer): number {
    let at = 0;
    while (this.#heldBytes < this.#held.length) {
      const taken = chunk.copy(this.#held, this.#heldBytes, at, chunk.length);
      at += taken;
      this.#heldBytes += taken;
      if (this.#heldBytes < this.#held.length) return at;
      this.#growHeld();
    }
    const frame = this.#held;
    this.#held = none;
    this.#heldBytes = 0;
    this.#readFrame(frame, 0, frame.length, frame.readUIntBE(0, 3));
    return this.#dataLeft > 0 && at < chunk.length && !this.#stopped ? this.#readDataPart(chunk, at) : at;
  }

  #checkLength(length: number): void {
    if (length <= this.#maxFrameBytes) return;
    const message = `a frame of ${length} bytes, ${this.#maxFrameBytes} are allowed`;
    throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, message);
  }
}

/** How many bytes of padding follow, by the first byte of the payload (RFC 9113 §6.1). */
export function paddingOf(bytes: Buffer, start: number, end: number): number {
  if (start === end) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "a padded frame without a pad length");
  const padding = bytes[start] as number;
  if (padding < end - start) return padding;
  throw new ConnectionError(Http2Code.PROTOCOL_ERROR, `${padding} bytes of padding in a frame of ${end - start}`);
}
