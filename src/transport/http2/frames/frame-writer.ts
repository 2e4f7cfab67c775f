import type { Outbox } from "../outbox.js";
import { Flag, FrameType, frameHeaderBytes } from "./frame.js";

/** Returns where the payload begins. */
export function putFrameHeader(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = streamId >>> 24;
  bytes[at + 6] = streamId >>> 16;
  bytes[at + 7] = streamId >>> 8;
  bytes[at + 8] = streamId;
  return at + frameHeaderBytes;
}

export function writeResetStream(outbox: Outbox, streamId: number, code: number): void {
  writeNumber(outbox, FrameType.RST_STREAM, streamId, code);
}

export function writeWindowUpdate(outbox: Outbox, streamId: number, increment: number): void {
  writeNumber(outbox, FrameType.WINDOW_UPDATE, streamId, increment);
}

function writeNumber(outbox: Outbox, type: number, streamId: number, value: number): void {
  const at = outbox.reserve(frameHeaderBytes + 4);
  const payload = putFrameHeader(outbox.bytes, at, 4, type, 0, streamId);
  outbox.commit(outbox.bytes.writeUInt32BE(value, payload));
}

/** @param data 8 bytes */
export function writePing(outbox: Outbox, data: Uint8Array, ack: boolean): void {
  const at = outbox.reserve(frameHeaderBytes + 8);
  const payload = putFrameHeader(outbox.bytes, at, 8, FrameType.PING, ack ? Flag.ACK : 0, 0);
  outbox.bytes.set(data, payload);
  outbox.commit(payload + 8);
}

/** @param settings identifiers and values; undefined acknowledges the peer's */
export function writeSettings(outbox: Outbox, settings: readonly (readonly [number, number])[] | undefined): void {
  const length = (settings?.length ?? 0) * 6;
  const at = outbox.reserve(frameHeaderBytes + length);
  let end = putFrameHeader(outbox.bytes, at, length, FrameType.SETTINGS, settings === undefined ? Flag.ACK : 0, 0);
  for (const [id, value] of settings ?? []) {
    end = outbox.bytes.writeUInt16BE(id, end);
    end = outbox.bytes.writeUInt32BE(value, end);
  }
  outbox.commit(end);
}

/** @param debug says to people why */
export function writeGoaway(outbox: Outbox, lastStreamId: number, code: number, debug: string): void {
  const text = Buffer.from(debug, "utf8");
  const at = outbox.reserve(frameHeaderBytes + 8 + text.length);
  let end = putFrameHeader(outbox.bytes, at, 8 + text.length, FrameType.GOAWAY, 0, 0);
  end = outbox.bytes.writeUInt32BE(lastStreamId, end);
  end = outbox.bytes.writeUInt32BE(code, end);
  outbox.commit(end + text.copy(outbox.bytes, end));
}
