import { ConnectionError } from "../../../src/transport/http2/errors.js";
import { defaultMaxFrameBytes, FrameReader, type FrameSink } from "../../../src/transport/http2/frames/frames.js";
import { Flag, Type } from "../../support/http2/constants.js";
import type { Dice } from "../dice.js";
import { bytesOf, type Input } from "../input.js";
import { promise, type Target } from "../target.js";
import { type RawFrame, readFrames, writeFrame } from "../wire/raw-frame.js";

/** However bytes are cut, the reader tells the frames that are in them; what is no frame is a `ConnectionError`. */
export const frames: Target = {
  name: "frames",
  share: 25,
  generate(dice) {
    const count = 1 + dice.small(12);
    const bytes = dice.chance(0.15)
      ? dice.bytes(dice.small(300))
      : Buffer.concat(Array.from({ length: count }, () => writeFrame(anyFrame(dice))));
    if (bytes.length > 0 && dice.chance(0.3)) {
      for (let times = dice.small(4); times >= 0; times--) bytes[dice.int(bytes.length)] = dice.int(256);
    }
    return dice.cut(dice.chance(0.2) ? bytes.subarray(0, dice.int(bytes.length + 1)) : bytes);
  },
  check(input) {
    const seen = readInPieces(input);
    const whole = readInPieces([bytesOf(input)]);
    promise(seen.error === whole.error, `cut up, it ends with ${seen.error}; in one piece with ${whole.error}`);
    same(seen.frames, whole.frames, "cut up, other frames are read than in one piece");
    const model = modelOf(bytesOf(input));
    same(seen.frames, model.frames, "other frames are read than were written");
    promise(seen.error === model.error, `ends with ${seen.error}, and should with ${model.error}`);
    return seen.error === undefined ? "read" : `refused with ${seen.error}`;
  },
};

function anyFrame(dice: Dice): RawFrame {
  const type = dice.chance(0.05) ? dice.int(256) : dice.chance(0.4) ? Type.DATA : dice.int(10);
  const length = dice.chance(0.02) ? dice.pick([16_383, 16_384, 16_385, 20_000]) : dice.small(200);
  const flags = dice.chance(0.5) ? dice.pick([0, 1, 4, 5, Flag.PADDED, Flag.PADDED + 1]) : dice.int(256);
  const streamId = dice.chance(0.1) ? dice.int(2 ** 32) : dice.int(8);
  const payload = length > 300 ? Buffer.alloc(length, dice.int(256)) : dice.bytes(length);
  if ((flags & Flag.PADDED) !== 0 && length > 0 && dice.chance(0.8)) payload[0] = dice.int(Math.min(length, 256));
  return { type, flags, streamId, payload };
}

interface Reading {
  readonly frames: readonly string[];
  /** The code of the `ConnectionError`. */
  readonly error: number | undefined;
}

/** Puts the parts of DATA together again; what is in a frame is told as text, to be compared. */
class Listener implements FrameSink {
  readonly frames: string[] = [];
  #parts: string[] = [];

  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    paddingBytes: number,
    frameEnds: boolean,
    endStream: boolean,
  ): void {
    promise(start <= end && start >= 0 && end <= bytes.length, "a part of DATA that is not within its bytes");
    promise(frameEnds || !endStream, "a stream that ends within a frame");
    this.#parts.push(bytes.toString("hex", start, end));
    if (!frameEnds) return;
    this.frames.push(describeData(streamId, endStream, paddingBytes, this.#parts.join("")));
    this.#parts = [];
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.frames.push(`${type} ${flags} ${streamId} ${bytes.toString("hex", start, end)}`);
  }
}

function readInPieces(input: Input): Reading {
  const listener = new Listener();
  const reader = new FrameReader(listener, defaultMaxFrameBytes);
  try {
    for (const step of input) {
      if (typeof step === "string") continue;
      const lent = Buffer.from(step);
      reader.read(lent);
      lent.fill(0xaa); // what was lent is not read again
    }
  } catch (reason) {
    if (!(reason instanceof ConnectionError)) throw reason;
    return { frames: listener.frames, error: reason.code };
  }
  return { frames: listener.frames, error: undefined };
}

/** RFC 9113 §4.1, §4.2 and §6.1 once more, in a few lines. */
function modelOf(bytes: Buffer): Reading {
  const frames: string[] = [];
  const read = readFrames(bytes);
  let at = 0;
  for (const { type, flags, streamId, payload } of read.frames) {
    if (payload.length > defaultMaxFrameBytes) return { frames, error: 6 };
    at += 9 + payload.length;
    const id = streamId & 0x7fffffff;
    if (type !== Type.DATA) {
      frames.push(`${type} ${flags} ${id} ${payload.toString("hex")}`);
      continue;
    }
    const padded = (flags & Flag.PADDED) !== 0;
    if (padded && payload.length === 0) return { frames, error: 6 };
    const padding = padded ? (payload[0] as number) + 1 : 0;
    if (padding > payload.length) return { frames, error: 1 };
    const body = payload.toString("hex", padded ? 1 : 0, payload.length - Math.max(0, padding - 1));
    frames.push(describeData(id, (flags & 1) !== 0, padding, body));
  }
  const tooLong = bytes.length - at >= 9 && bytes.readUIntBE(at, 3) > defaultMaxFrameBytes;
  return { frames, error: tooLong ? 6 : undefined };
}

function describeData(streamId: number, endStream: boolean, padding: number, body: string): string {
  return `data ${streamId}${endStream ? " ends" : ""} padded by ${padding}: ${body}`;
}

function same(seen: readonly string[], expected: readonly string[], what: string): void {
  const at = expected.findIndex((each, index) => each !== seen[index]);
  promise(seen.length === expected.length && at === -1, what);
}
