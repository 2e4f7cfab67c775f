import { Flag, Setting, Type } from "../../support/http2/constants.js";
import type { Dice } from "../dice.js";
import type { Input } from "../input.js";
import { BlockWriter } from "../wire/any-block.js";
import { type RawFrame, writeFrame } from "../wire/raw-frame.js";

type Field = readonly [string, string];

/** What a client may say, on a few streams at once: any representation, any cut, padding, priorities, trailers. */
export function anyRequests(dice: Dice): RawFrame[] {
  const writer = new BlockWriter();
  const streams = Array.from({ length: 1 + dice.small(4) }, (_, at) => new Request(dice, 2 * at + 1, writer));
  const frames: RawFrame[] = [settingsOf(dice)];
  for (const stream of streams) frames.push(...stream.begin());
  for (let open = streams.filter(({ done }) => !done); open.length > 0; open = open.filter((each) => !each.done)) {
    if (dice.chance(0.15)) frames.push(between(dice));
    frames.push(...dice.pick(open).goOn());
  }
  return frames;
}

/** The frames in pieces, with a turn of the loop here and there. */
export function cutUp(dice: Dice, frames: readonly RawFrame[]): Input {
  const pieces: Input[number][] = dice.cut(Buffer.concat(frames.map(writeFrame)));
  if (pieces.length > 12) return [Buffer.concat(pieces as Buffer[])];
  if (dice.chance(0.2)) pieces.splice(dice.int(pieces.length), 0, "turn");
  return pieces;
}

class Request {
  readonly #dice: Dice;
  readonly #id: number;
  readonly #writer: BlockWriter;
  #partsLeft: number;
  done = false;

  constructor(dice: Dice, id: number, writer: BlockWriter) {
    this.#dice = dice;
    this.#id = id;
    this.#writer = writer;
    this.#partsLeft = dice.chance(0.2) ? 0 : 1 + dice.small(5);
  }

  begin(): RawFrame[] {
    this.done = this.#partsLeft === 0;
    return this.#headers(requestFields(this.#dice), this.done);
  }

  goOn(): RawFrame[] {
    this.#partsLeft--;
    this.done = this.#partsLeft <= 0;
    if (this.done && this.#dice.chance(0.15)) return this.#headers(trailers(this.#dice), true);
    const end = this.done && this.#dice.chance(0.9) ? Flag.END_STREAM : 0;
    const length = this.#dice.chance(0.02) ? 16_000 : this.#dice.small(200);
    return [this.#padded({ type: Type.DATA, flags: end, streamId: this.#id, payload: this.#dice.bytes(length) })];
  }

  #headers(fields: readonly Field[], end: boolean): RawFrame[] {
    const dice = this.#dice;
    const block = this.#writer.write(dice, fields);
    const cuts = dice.chance(0.25) ? dice.small(4) : 0;
    const frames: RawFrame[] = [];
    let at = 0;
    for (let part = 0; part <= cuts; part++) {
      const to = part === cuts ? block.length : Math.max(1, at + dice.int(block.length - at + 1));
      const flags = (part === cuts ? Flag.END_HEADERS : 0) | (part === 0 && end ? Flag.END_STREAM : 0);
      const type = part === 0 ? Type.HEADERS : Type.CONTINUATION;
      frames.push({ type, flags, streamId: this.#id, payload: block.subarray(at, to) });
      at = to;
    }
    frames[0] = this.#padded(this.#weighted(frames[0] as RawFrame));
    return frames;
  }

  #weighted(frame: RawFrame): RawFrame {
    if (!this.#dice.chance(0.15)) return frame;
    const priority = Buffer.concat([Buffer.of(this.#dice.int(2) * 128, 0, 0, 0), this.#dice.bytes(1)]);
    return { ...frame, flags: frame.flags | Flag.PRIORITY, payload: Buffer.concat([priority, frame.payload]) };
  }

  #padded(frame: RawFrame): RawFrame {
    if (!this.#dice.chance(0.15)) return frame;
    const padding = this.#dice.small(255);
    const payload = Buffer.concat([Buffer.of(padding), frame.payload, Buffer.alloc(padding)]);
    return { ...frame, flags: frame.flags | Flag.PADDED, payload };
  }
}

export function requestFields(dice: Dice): Field[] {
  const pseudo: Field[] = [
    [":method", dice.pick(["POST", "GET", "PUT"])],
    [":scheme", dice.pick(["http", "https"])],
    [":path", dice.pick(["/", "/a.B/C", "/hawser.test.v1.EchoService/Unary", "/x?y=z"])],
    [":authority", dice.pick(["localhost", "127.0.0.1:80"])],
  ];
  const order = dice.chance(0.5) ? pseudo : pseudo.sort(() => dice.int(3) - 1);
  return [...order, ...regular(dice)];
}

/** At least one: Node ends a connection with INTERNAL_ERROR over trailers without a field. */
function trailers(dice: Dice): Field[] {
  return [["x-trailer", "a"], ...regular(dice).filter(([name]) => name.startsWith("x-"))];
}

function regular(dice: Dice): Field[] {
  return Array.from({ length: dice.small(8) }, (): Field => {
    const name = dice.pick([
      "content-type",
      "te",
      "user-agent",
      "x-a",
      "x-a",
      "x-b-bin",
      "grpc-timeout",
      "x_under.score",
    ]);
    const value =
      name === "te" ? "trailers" : dice.pick(["a", "application/grpc", "some words, and more", "x".repeat(60), ""]);
    return [name, value];
  });
}

function settingsOf(dice: Dice): RawFrame {
  const pairs = [
    [Setting.HEADER_TABLE_SIZE, dice.pick([0, 100, 4096, 65_536])],
    [Setting.INITIAL_WINDOW_SIZE, dice.pick([0, 65_535, 2 ** 31 - 1])],
    [Setting.MAX_FRAME_SIZE, dice.pick([16_384, 2 ** 24 - 1])],
    [Setting.ENABLE_PUSH, dice.int(2)],
    [99, dice.int(1000)],
  ].filter(() => dice.chance(0.3)) as [number, number][];
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [at, [id, value]] of pairs.entries()) payload.writeUInt32BE(value, payload.writeUInt16BE(id, 6 * at));
  return { type: Type.SETTINGS, flags: 0, streamId: 0, payload };
}

/** What may come between the frames of streams, and changes nothing for them. */
function between(dice: Dice): RawFrame {
  const way = dice.int(5);
  if (way === 0) return settingsOf(dice);
  if (way === 1) return { type: Type.PING, flags: 0, streamId: 0, payload: dice.bytes(8) };
  if (way === 2) return { type: Type.WINDOW_UPDATE, flags: 0, streamId: 0, payload: Buffer.of(0, 0, dice.int(256), 1) };
  if (way === 3)
    return {
      type: 20 + dice.int(200),
      flags: dice.int(256),
      streamId: dice.int(9),
      payload: dice.bytes(dice.small(20)),
    };
  return {
    type: Type.PRIORITY,
    flags: 0,
    streamId: 2 * dice.int(50) + 101,
    payload: Buffer.of(0, 0, 0, 0, dice.int(256)),
  };
}
