import { ConnectionError, Http2Code } from "../errors.js";
import { Flag, FrameType, paddingOf } from "../frames/frames.js";
import { type HeaderBlock, HpackDecoder, HpackError } from "../hpack/hpack.js";

/** A block in more frames than this is no block but a flood. */
const maxFrames = 64;

/** A block so many times as long, encoded, as its fields may be is decoded still: that of one call which goes too far. */
const leniency = 4;

const priorityBytes = 5;

/** Who is told of the blocks that are complete. */
export interface HeaderBlockSink {
  onHeaderBlock(streamId: number, block: HeaderBlock, endStream: boolean): void;
}

interface Begun {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly fragments: Buffer[];
  bytes: number;
}

/** Puts together what HEADERS and CONTINUATION frames carry, and decodes it (RFC 9113 §4.3). */
export class HeaderBlocks {
  readonly #decoder: HpackDecoder;
  readonly #maxBlockBytes: number;
  readonly #sink: HeaderBlockSink;
  #begun: Begun | undefined;

  /** @param maxBytes of the fields of a block, decoded: those past it are let go, and their stream alone is told */
  constructor(maxBytes: number, sink: HeaderBlockSink) {
    this.#maxBlockBytes = leniency * maxBytes;
    this.#decoder = new HpackDecoder({ maxListBytes: maxBytes });
    this.#sink = sink;
  }

  /** Until a block is complete nothing else may come, on no stream. @throws ConnectionError */
  checkNext(type: number, streamId: number): void {
    if (this.#begun === undefined) {
      if (type !== FrameType.CONTINUATION) return;
      throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "CONTINUATION of nothing");
    }
    if (type === FrameType.CONTINUATION && streamId === this.#begun.streamId) return;
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "a block of header fields was interrupted");
  }

  headers(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "HEADERS on stream 0");
    let from = start;
    let to = end;
    if ((flags & Flag.PADDED) !== 0) {
      to -= paddingOf(bytes, start, end);
      from++;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      from += priorityBytes;
      if (from > end) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "HEADERS cut short");
      if (from > to) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "padding over all of HEADERS");
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#checkBytes(to - from);
      this.#sink.onHeaderBlock(streamId, this.#decode(bytes, from, to), endStream);
      return;
    }
    this.#begun = { streamId, endStream, fragments: [], bytes: 0 };
    this.#add(this.#begun, bytes, from, to);
  }

  continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const begun = this.#begun as Begun;
    this.#add(begun, bytes, start, end);
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#begun = undefined;
    const block = Buffer.concat(begun.fragments);
    this.#sink.onHeaderBlock(begun.streamId, this.#decode(block, 0, block.length), begun.endStream);
  }

  #add(begun: Begun, bytes: Buffer, start: number, end: number): void {
    begun.bytes += end - start;
    this.#checkBytes(begun.bytes);
    if (begun.fragments.push(Buffer.from(bytes.subarray(start, end))) > maxFrames) {
      throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, `header fields in more than ${maxFrames} frames`);
    }
  }

  /** A block that is not decoded leaves the tables of both sides apart: that ends the connection. */
  #checkBytes(bytes: number): void {
    if (bytes <= this.#maxBlockBytes) return;
    const message = `header fields of more than ${this.#maxBlockBytes} bytes`;
    throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, message);
  }

  #decode(bytes: Buffer, start: number, end: number): HeaderBlock {
    try {
      return this.#decoder.decode(bytes, start, end);
    } catch (error) {
      if (error instanceof HpackError) throw new ConnectionError(Http2Code.COMPRESSION_ERROR, error.message);
      throw error;
    }
  }
}
