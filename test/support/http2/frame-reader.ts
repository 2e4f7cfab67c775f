import { Flag, Type } from "./constants.js";
import { BlockReader } from "./hpack.js";
import { type Frame, takeApart } from "./received.js";

/** Makes frames of bytes, however they are cut. */
export class FrameReader {
  readonly #blocks = new BlockReader();
  #rest: Buffer = Buffer.alloc(0);
  #open: { readonly first: { type: number; flags: number; id: number }; readonly pieces: Buffer[] } | undefined;

  /** The frames that are complete with these bytes. */
  *read(bytes: Buffer): Iterable<Frame> {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9) {
      const end = 9 + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const [type, flags, id] = [rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5) & 0x7fffffff];
      const frame = this.#frame(type, flags, id, rest.subarray(9, end));
      rest = rest.subarray(end);
      if (frame !== undefined) yield frame;
    }
    this.#rest = rest;
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): Frame | undefined {
    if (type === Type.HEADERS) this.#open = { first: { type, flags, id }, pieces: [bare(flags, payload)] };
    else if (type === Type.CONTINUATION) this.#open?.pieces.push(payload);
    else return takeApart({ type, flags, id, payload });
    if ((flags & Flag.END_HEADERS) === 0 || this.#open === undefined) return undefined;
    const { first, pieces } = this.#open;
    this.#open = undefined;
    const block = Buffer.concat(pieces);
    const endStream = (first.flags & Flag.END_STREAM) !== 0;
    return {
      ...first,
      kind: "headers",
      payload: block,
      endStream,
      fields: this.#blocks.read(block),
      pieces: pieces.length,
    };
  }
}

/** A block without padding and priority. */
function bare(flags: number, payload: Buffer): Buffer {
  const padding = (flags & Flag.PADDED) === 0 ? 0 : payload.readUInt8() + 1;
  const from = Math.min(padding, 1) + ((flags & Flag.PRIORITY) === 0 ? 0 : 5);
  return payload.subarray(from, payload.length - Math.max(0, padding - 1));
}
