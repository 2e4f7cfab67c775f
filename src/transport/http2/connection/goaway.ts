import { ConnectionError, Http2Code } from "../errors.js";

/** The last stream and the code (RFC 9113 §6.8). */
const leastBytes = 8;

/** Of the text; what exceeds it is let go. */
const mostTextBytes = 256;

/** What a peer says before it leaves. */
export interface Goaway {
  /** No stream of ours above it was, or will be, processed. */
  readonly lastStreamId: number;
  /** Of RFC 9113 §7. */
  readonly code: number;
  /** Why, for people; perhaps empty. */
  readonly debug: string;
}

/** @throws ConnectionError for a frame that is none */
export function readGoaway(streamId: number, bytes: Buffer, start: number, end: number): Goaway {
  if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "GOAWAY on a stream");
  if (end - start < leastBytes) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "GOAWAY cut short");
  const text = start + leastBytes;
  return {
    lastStreamId: bytes.readUInt32BE(start) & 0x7fffffff,
    code: bytes.readUInt32BE(start + 4),
    debug: bytes.toString("utf8", text, Math.min(end, text + mostTextBytes)),
  };
}
