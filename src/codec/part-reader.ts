import { BinaryReader } from "@bufbuild/protobuf/wire";

/** Holding on to this many times what it is worth, a part is copied. */
const worthHolding = 4;

/** Fields that are copied together stand in pages of so many bytes. */
const pageBytes = 8192;

/** A field this near behind the last one is one of many. */
const nearBytes = 1024;

/** A part that is kept, which shall not keep too much beside it. */
export function keptPart(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const part = bytes.subarray(start, end);
  return bytes.buffer.byteLength <= part.length * worthHolding ? part : Buffer.from(part);
}

/** Reads messages that lie in one piece of memory, one after the other. */
export class PartReader extends BinaryReader {
  readonly bytesRead: Uint8Array;
  readonly #heldBytes: number;
  #messageBytes: number;
  /** Of the field that was copied last. */
  #lastEnd = Number.NEGATIVE_INFINITY;
  /** A copy of some of the piece, in which the fields of many messages stand side by side. */
  #page: Uint8Array | undefined;
  #pageStart = 0;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.bytesRead = bytes;
    this.#heldBytes = bytes.buffer.byteLength;
    this.#messageBytes = bytes.length;
  }

  /** Nothing beyond `end` is read: a message that claims more is no message. */
  aim(start: number, end: number): this {
    this.pos = start;
    (this as { len: number }).len = end;
    this.#messageBytes = end - start;
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

  /** What is little of its message is copied alone; of what is most of it, messages that came together share a page. */
  #kept(start: number, end: number): Uint8Array {
    const worthBytes = (end - start) * worthHolding;
    if (this.#heldBytes <= worthBytes) return this.bytesRead.subarray(start, end);
    if (worthBytes < this.#messageBytes) return this.#copy(start, end);
    return this.#heldBytes <= pageBytes ? this.bytesRead.subarray(start, end) : this.#onPage(start, end);
  }

  #onPage(start: number, end: number): Uint8Array {
    const isNear = start >= this.#lastEnd && start - this.#lastEnd <= nearBytes;
    this.#lastEnd = end;
    let page = this.#page;
    if (page === undefined || start < this.#pageStart || end > this.#pageStart + page.length) {
      if (!isNear || end - start > pageBytes) return this.#copy(start, end);
      page = this.#copy(start, start + pageBytes);
      this.#page = page;
      this.#pageStart = start;
    }
    return page.subarray(start - this.#pageStart, end - this.#pageStart);
  }

  #copy(start: number, end: number): Buffer {
    return Buffer.from(this.bytesRead.subarray(start, end));
  }
}
