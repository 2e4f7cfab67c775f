import { Flag, Type } from "./constants.js";
import { type Field, fieldBlock } from "./hpack.js";

/** Any frame at all; length, reserved bit and stream id may lie. */
export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array | string = "",
  { length = payload.length, reserved = false }: { readonly length?: number; readonly reserved?: boolean } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(((reserved ? 0x80000000 : 0) | id) >>> 0, 5);
  return Buffer.concat([head, bytesOf(payload)]);
}

export interface StreamFrameOptions {
  /** Default: false. */
  readonly end?: boolean;
  /** Zeros behind the payload. Default: no padding, and no flag. */
  readonly padding?: number;
}

export function data(id: number, payload: Uint8Array | string = "", options: StreamFrameOptions = {}): Buffer {
  const { end = false, padding } = options;
  const flags = (end ? Flag.END_STREAM : 0) | (padding === undefined ? 0 : Flag.PADDED);
  return frame(Type.DATA, flags, id, padding === undefined ? payload : padded(bytesOf(payload), padding));
}

export interface HeadersOptions extends StreamFrameOptions {
  /** Whether no CONTINUATION follows. Default: true. */
  readonly endHeaders?: boolean;
}

/** @param block fields, written as literals, or the bytes of a block */
export function headers(id: number, block: readonly Field[] | Buffer, options: HeadersOptions = {}): Buffer {
  const { end = false, endHeaders = true, padding } = options;
  const bytes = Buffer.isBuffer(block) ? block : fieldBlock(block);
  const flags =
    (end ? Flag.END_STREAM : 0) | (endHeaders ? Flag.END_HEADERS : 0) | (padding === undefined ? 0 : Flag.PADDED);
  return frame(Type.HEADERS, flags, id, padding === undefined ? bytes : padded(bytes, padding));
}

export function continuation(id: number, block: Uint8Array | string = "", end = false): Buffer {
  return frame(Type.CONTINUATION, end ? Flag.END_HEADERS : 0, id, block);
}

export function settings(values: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(values.length * 6);
  values.forEach(([id, value], n) => {
    payload.writeUInt16BE(id, n * 6);
    payload.writeUInt32BE(value, n * 6 + 2);
  });
  return frame(Type.SETTINGS, 0, 0, payload);
}

export const settingsAck: Buffer = frame(Type.SETTINGS, Flag.ACK, 0);

/** @param payload eight bytes */
export function ping(payload: Uint8Array | string = "12345678", ack = false): Buffer {
  return frame(Type.PING, ack ? Flag.ACK : 0, 0, payload);
}

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(Type.WINDOW_UPDATE, 0, id, uint32(increment));
}

export function reset(id: number, code: number): Buffer {
  return frame(Type.RST_STREAM, 0, id, uint32(code));
}

export function goaway(lastId: number, code: number, text = ""): Buffer {
  return frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(lastId), uint32(code), Buffer.from(text)]));
}

export function priority(id: number, dependsOn = 0, weight = 15): Buffer {
  return frame(Type.PRIORITY, 0, id, Buffer.concat([uint32(dependsOn), Buffer.of(weight)]));
}

export function pushPromise(id: number, promised: number, fields: readonly Field[]): Buffer {
  return frame(Type.PUSH_PROMISE, Flag.END_HEADERS, id, Buffer.concat([uint32(promised), fieldBlock(fields)]));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Text is one byte a character. */
function bytesOf(payload: Uint8Array | string): Buffer {
  return typeof payload === "string" ? Buffer.from(payload, "latin1") : Buffer.from(payload);
}

function padded(payload: Buffer, padding: number): Buffer {
  return Buffer.concat([Buffer.of(padding), payload, Buffer.alloc(padding)]);
}
