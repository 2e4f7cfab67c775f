import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { MessageType } from "../contract/contract.js";
import type { LentBytes } from "./codec.js";

/** A writer that grew larger than this is not kept: one large message shall not hold its memory for ever. */
const keptBytes = 64 * 1024;

/** Encoding never waits, so one writer and its buffer serve message after message; a failed one is let go. */
let spare: BinaryWriter | undefined;

/** How large the last message of a type was, where it was large: its next is likely to be, and growing into it costs twice as much memory. */
const largeBytes = new WeakMap<MessageType, number>();
let anyLarge = false;

/** What `encodedLent()` gives: one object for all. */
class Lent implements LentBytes {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  lent = false;

  set(bytes: Uint8Array, length: number, lent: boolean): this {
    this.bytes = bytes;
    this.length = length;
    this.lent = lent;
    return this;
  }
}

const lent = new Lent();

/** The bytes of a message, which are nobody else's. */
export function encoded(type: MessageType, message: unknown): Uint8Array {
  const { bytes, length, lent } = encodedLent(type, message);
  return lent ? ownCopy(bytes, length) : bytes;
}

/** The bytes of a message, where they were written: small ones are lent. */
export function encodedLent(type: MessageType, message: unknown): LentBytes {
  const expected = anyLarge ? largeBytes.get(type) : undefined;
  const writer = expected === undefined ? (spare ?? new BinaryWriter()) : roomy(expected);
  if (writer === spare) spare = undefined;
  const written = type.encode(type.fromPartial(message), writer);
  if (written !== writer) return own(written.finish());
  const { buffer, pos } = writer as unknown as Written;
  if (!(buffer instanceof Uint8Array) || typeof pos !== "number") return own(writer.finish());
  if (pos > keptBytes) {
    anyLarge = true;
    largeBytes.set(type, pos);
    return own(buffer.subarray(0, pos)); // a writer that large is not used again
  }
  (writer as unknown as Written).pos = 0;
  if (expected === undefined) spare = writer;
  else largeBytes.delete(type);
  return lent.set(buffer, pos, true);
}

function own(bytes: Uint8Array): LentBytes {
  return lent.set(bytes, bytes.length, false);
}

function ownCopy(bytes: Uint8Array, length: number): Uint8Array {
  const copy = Buffer.allocUnsafe(length);
  if (length > 0) copy.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return copy;
}

/**
 * What a `BinaryWriter` keeps to itself: what has been written is `buffer` up to `pos`, once every fork is joined. With it
 * one does without `finish()`, whose every result is a block of memory of its own, and dearer than all the writing. Where
 * a later version of the library keeps them elsewhere, it is `finish()`.
 */
interface Written {
  buffer: unknown;
  pos: unknown;
}

/** A writer that need not grow for so many bytes, or a little more. No `Buffer`: its `slice()`, which `finish()` calls, copies nothing. */
function roomy(bytes: number): BinaryWriter {
  const writer = new BinaryWriter();
  const written = writer as unknown as Written;
  if (written.buffer instanceof Uint8Array) {
    written.buffer = new Uint8Array(Buffer.allocUnsafeSlow(bytes + keptBytes).buffer);
  }
  return writer;
}
