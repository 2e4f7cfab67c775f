/** A frame as it stands on the wire, whether it makes sense or not. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  /** 32 bits, the reserved one included. */
  readonly streamId: number;
  readonly payload: Buffer;
  /** What the header says, where it lies. */
  readonly length?: number;
}

export function writeFrame({ type, flags, streamId, payload, length = payload.length }: RawFrame): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(length & 0xffffff, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId >>> 0, 5);
  payload.copy(bytes, 9);
  return bytes;
}

export interface RawFrames {
  readonly frames: readonly RawFrame[];
  /** How many bytes the frame behind them still lacks; 0 where none was begun. */
  readonly missing: number;
  /** Where that frame begins. */
  readonly end: number;
}

export function readFrames(bytes: Buffer): RawFrames {
  const frames: RawFrame[] = [];
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return { frames, missing: end - bytes.length, end: at };
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return { frames, missing: at === bytes.length ? 0 : 9 - (bytes.length - at), end: at };
}
