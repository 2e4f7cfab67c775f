import { BinaryReader } from "@bufbuild/protobuf/wire";

/** Holding on to this many times what it is worth, a part is copied. */
const worthHolding = 4;

/** What holds on to no more than this needs no copy: that would stand in a pool as large. */
const pageBytes = 8192;

/** A part that is kept, which shall not keep too much beside it. */
export function keptPart(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const part = bytes.subarray(start, end);
  return mayHold(bytes.buffer.byteLength, part.length) ? part : Buffer.from(part);
}

function mayHold(heldBytes: number, worthBytes: number): boolean {
  return heldBytes <= pageBytes || heldBytes <= worthBytes * worthHolding;
}

/** Reads messages that lie in one piece of memory, one after the other. */
export class PartReader extends BinaryReader {
  readonly bytesRead: Uint8Array;
  readonly #heldBytes: number;
  /** A copy of some of it, in which fields that are kept stand side by side. */
  #page: Uint8Array | undefined;
  #pageStart = 0;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.bytesRead = bytes;
    this.#heldBytes = bytes.buffer.byteLength;
  }

  /** Nothing beyond `end` is read: a message that claims more is no message. */
  aim(start: number, end: number): this {
    this.pos = start;
    (this as { len: number }).len = end;
    return this;
  }

  /** A field that is kept shall not keep all that came with it. */
  override bytes(): ReturnType<BinaryReader["bytes"]> {
    const length = this.uint32();
    const start = this.pos;
    const end = start + length;
    this.pos = end;
    if (end > this.len) throw new RangeError("premature EOF");
    return this.#kept(start, end) as ReturnType<BinaryReader["bytes"]>;
  }

  #kept(start: number, end: number): Uint8Array {
    const bytes = this.bytesRead;
    if (mayHold(this.#heldBytes, end - start)) return bytes.subarray(start, end);
    let page = this.#page;
    if (page === undefined || start < this.#pageStart || end > this.#pageStart + page.length) {
      page = Buffer.from(bytes.subarray(start, Math.max(end, start + pageBytes)));
      this.#page = page;
      this.#pageStart = start;
    }
    return page.subarray(start - this.#pageStart, end - this.#pageStart);
  }
}
