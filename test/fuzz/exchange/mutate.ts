import { Flag, Setting, Type } from "../../support/http2/constants.js";
import type { Dice } from "../dice.js";
import type { Input, Step, Word } from "../input.js";
import { type RawFrame, readFrames, writeFrame } from "../wire/raw-frame.js";

/** Ids a frame is moved to: those of the recordings, their neighbours, and the ends. */
const ids = [0, 1, 2, 3, 5, 7, 9, 11, 101, 2 ** 31 - 1, 2 ** 31 + 1];
const extremes = [0, 1, 2, 5, 100, 65_535, 2 ** 14, 2 ** 14 - 1, 2 ** 24 - 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/**
 * What one side said, changed here and there: frames are dropped, doubled, moved, lied about, cut short and mixed with
 * those of another exchange; then bytes are, and the whole is cut into pieces anew.
 */
export function mutate(dice: Dice, said: Buffer, other: Buffer): Input {
  const frames = [...readFrames(said).frames];
  if (dice.chance(0.25)) squeeze(dice, frames);
  for (let times = dice.small(6); times > 0; times--) mutateFrames(dice, frames, other);
  let bytes: Buffer = Buffer.concat(frames.map(writeFrame));
  if (dice.chance(0.25)) for (let times = 1 + dice.small(3); times > 0; times--) bytes = mutateBytes(dice, bytes);
  return withEvents(dice, dice.chance(0.2) ? alongFrames(bytes) : dice.cut(bytes));
}

function mutateFrames(dice: Dice, frames: RawFrame[], other: Buffer): void {
  const at = dice.int(frames.length);
  const frame = frames[at];
  if (frame === undefined) return;
  const way = dice.int(13);
  if (way === 0) frames.splice(at, 1);
  else if (way === 1) frames.splice(dice.int(frames.length + 1), 0, frame);
  else if (way === 2) frames.splice(dice.int(frames.length), 0, ...frames.splice(at, 1));
  else if (way === 3) frames[at] = { ...frame, type: dice.int(dice.chance(0.9) ? 10 : 256) };
  else if (way === 4) frames[at] = { ...frame, flags: frame.flags ^ (1 << dice.int(dice.chance(0.8) ? 6 : 8)) };
  else if (way === 5) frames[at] = { ...frame, streamId: dice.pick(ids) };
  else if (way === 6)
    frames[at] = {
      ...frame,
      length: Math.max(0, dice.chance(0.5) ? dice.pick(extremes) : frame.payload.length + dice.int(9) - 4),
    };
  else if (way === 7) frames[at] = { ...frame, payload: mutateBytes(dice, frame.payload) };
  else if (way === 8) frames.length = at;
  else if (way === 9) frames.splice(at, frames.length, ...readFrames(other).frames.slice(dice.int(6)));
  else if (way === 10) frames.splice(at, 1, ...inParts(dice, frame));
  else if (way === 11) frames[at] = padded(dice, frame);
  else
    for (let times = 1 + dice.small(3); times > 0; times--)
      frames.splice(dice.int(frames.length + 1), 0, anyFrame(dice));
}

/** A piece a frame. */
function alongFrames(bytes: Buffer): Buffer[] {
  const { frames, end } = readFrames(bytes);
  return [...frames.map(writeFrame), bytes.subarray(end)].filter(({ length }) => length > 0);
}

/** The other side has to wait with what it sends, and gets a little room, or less than none, again and again. */
function squeeze(dice: Dice, frames: RawFrame[]): void {
  const windows = (): RawFrame => setting(Setting.INITIAL_WINDOW_SIZE, dice.small(300));
  const room = (): RawFrame => {
    const streamId = dice.pick([0, 1, 1, 3, 5]);
    return { type: Type.WINDOW_UPDATE, flags: 0, streamId, payload: uint32(1 + dice.small(400)) };
  };
  for (let times = 1 + dice.small(6); times > 0; times--) {
    const at = 1 + dice.int(frames.length);
    frames.splice(at, 0, ...Array.from({ length: 1 + dice.small(3) }, () => (dice.chance(0.5) ? room() : windows())));
  }
  frames.splice(1, 0, windows());
}

function setting(id: number, value: number): RawFrame {
  const payload = Buffer.alloc(6);
  payload.writeUInt32BE(value, payload.writeUInt16BE(id));
  return { type: Type.SETTINGS, flags: 0, streamId: 0, payload };
}

/** A frame of any kind, mostly one that could be. */
function anyFrame(dice: Dice): RawFrame {
  const streamId = dice.pick(ids);
  const value = (): number => dice.pick([dice.pick(extremes), dice.small(300), dice.int(100_000)]);
  switch (dice.int(8)) {
    case 0: {
      const pairs = Array.from({ length: dice.small(4) }, () => {
        const pair = Buffer.alloc(6);
        pair.writeUInt16BE(dice.pick([...Object.values(Setting), 9, dice.int(2 ** 16)]));
        pair.writeUInt32BE(value(), 2);
        return pair;
      });
      return {
        type: Type.SETTINGS,
        flags: dice.chance(0.1) ? Flag.ACK : 0,
        streamId: 0,
        payload: Buffer.concat(pairs),
      };
    }
    case 1:
      return { type: Type.WINDOW_UPDATE, flags: 0, streamId, payload: uint32(value()) };
    case 2:
      return { type: Type.RST_STREAM, flags: 0, streamId, payload: uint32(dice.int(20)) };
    case 3:
      return {
        type: Type.PING,
        flags: dice.int(2),
        streamId: 0,
        payload: dice.bytes(dice.chance(0.9) ? 8 : dice.int(20)),
      };
    case 4:
      return {
        type: Type.GOAWAY,
        flags: 0,
        streamId: 0,
        payload: Buffer.concat([uint32(value()), uint32(dice.int(14)), dice.bytes(dice.small(8))]),
      };
    case 5:
      return { type: Type.PRIORITY, flags: 0, streamId, payload: dice.bytes(dice.chance(0.9) ? 5 : dice.int(9)) };
    case 6:
      return { type: Type.DATA, flags: dice.int(2), streamId, payload: dice.bytes(dice.small(40)) };
    default:
      return { type: dice.int(14), flags: dice.int(256), streamId, payload: dice.bytes(dice.small(60)) };
  }
}

/** The same frame in two or more: HEADERS and CONTINUATION, or DATA and DATA. */
function inParts(dice: Dice, frame: RawFrame): RawFrame[] {
  const { type, flags, payload } = frame;
  if ((type !== Type.DATA && type !== Type.HEADERS) || (flags & (Flag.PADDED | Flag.PRIORITY)) !== 0) return [frame];
  const lastFlag = type === Type.DATA ? Flag.END_STREAM : Flag.END_HEADERS;
  const parts: RawFrame[] = [];
  for (let at = 0; at < payload.length || parts.length === 0; ) {
    const end = dice.chance(0.3) ? payload.length : Math.min(payload.length, at + dice.int(30));
    const last = end === payload.length;
    const kept = parts.length === 0 || type === Type.DATA ? flags & ~lastFlag : 0;
    parts.push({
      ...frame,
      type: parts.length === 0 || type === Type.DATA ? type : Type.CONTINUATION,
      flags: kept | (last ? flags & lastFlag : 0),
      payload: payload.subarray(at, end),
    });
    at = end;
    if (last || parts.length > 80) break;
  }
  return parts;
}

function padded(dice: Dice, frame: RawFrame): RawFrame {
  if ((frame.type !== Type.DATA && frame.type !== Type.HEADERS) || (frame.flags & Flag.PADDED) !== 0) return frame;
  const padding = dice.int(dice.chance(0.8) ? 20 : 256);
  const payload = Buffer.concat([Buffer.of(padding), frame.payload, Buffer.alloc(padding)]);
  return { ...frame, flags: frame.flags | Flag.PADDED, payload };
}

export function mutateBytes(dice: Dice, bytes: Buffer): Buffer {
  if (bytes.length === 0) return dice.bytes(dice.small(6));
  const at = dice.int(bytes.length);
  const changed = Buffer.from(bytes);
  switch (dice.int(5)) {
    case 0:
      changed[at] = (changed[at] as number) ^ (1 << dice.int(8));
      return changed;
    case 1:
      changed[at] = dice.pick([0, 1, 0x7f, 0x80, 0xff, dice.int(256)]);
      return changed;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.small(8)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.small(8))]);
    default:
      return bytes.subarray(0, at);
  }
}

/** What else may happen to a connection, between the pieces. */
function withEvents(dice: Dice, pieces: readonly Buffer[]): Input {
  const steps: Step[] = [...pieces];
  const put = (word: Word): void => void steps.splice(dice.int(steps.length + 1), 0, word);
  if (dice.chance(0.4)) for (let times = 1 + dice.small(8); times > 0; times--) put("turn");
  if (dice.chance(0.05)) put("stall");
  if (dice.chance(0.05)) put("drain");
  if (dice.chance(0.03)) put("end");
  if (dice.chance(0.02)) put("break");
  return steps;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
