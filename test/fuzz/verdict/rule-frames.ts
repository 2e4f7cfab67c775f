import { Flag, Type } from "../../support/http2/constants.js";
import { type Field, fieldBlock } from "../../support/http2/hpack.js";
import type { RawFrame } from "../wire/raw-frame.js";

/** Fields of a request that nobody minds. */
export const decent: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a.B/C"],
  [":authority", "localhost"],
];

export function frame(type: number, flags: number, streamId: number, payload: string | Buffer): RawFrame {
  return { type, flags, streamId, payload: Buffer.from(payload as string) };
}

export function headers(streamId: number, fields: readonly Field[], end: number = Flag.END_STREAM): RawFrame {
  return frame(Type.HEADERS, Flag.END_HEADERS | end, streamId, fieldBlock(fields));
}

export function open(streamId: number): RawFrame {
  return headers(streamId, decent, 0);
}

export function request(fields: readonly Field[]): readonly RawFrame[] {
  return [headers(201, fields)];
}

export function setting(id: number, value: number): RawFrame {
  const payload = Buffer.alloc(6);
  payload.writeUInt32BE(value, payload.writeUInt16BE(id));
  return frame(Type.SETTINGS, 0, 0, payload);
}
