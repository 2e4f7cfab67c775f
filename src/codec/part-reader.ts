import { BinaryReader } from "@bufbuild/protobuf/wire";

/** Holding on to this many times what it is worth, a field is copied. */
const worthHolding = 4;

/** Whether keeping the part would keep too much beside it. */
export function isSmallPart(part: Uint8Array, whole: Uint8Array): boolean {
  return part.length * worthHolding < whole.length;
}

/** Reads messages that lie in one piece of memory, one after the other. */
export class PartReader extends BinaryReader {
  readonly bytesRead: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.bytesRead = bytes;
  }

  /** Nothing beyond `end` is read: a message that claims more is no message. */
  aim(start: number, end: number): this {
    this.pos = start;
    (this as { len: number }).len = end;
    return this;
  }

  /** A field that is kept shall not keep all that came with it. */
  override bytes(): ReturnType<BinaryReader["bytes"]> {
    const field = super.bytes();
    return isSmallPart(field, this.bytesRead) ? (Buffer.from(field) as typeof field) : field;
  }
}
