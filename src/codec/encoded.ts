import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { MessageType } from "../contract/contract.js";

/** A writer that grew larger than this is not kept: one large message shall not hold its memory for ever. */
const keptBytes = 64 * 1024;

/** Encoding never waits, so one writer and its buffer serve message after message; a failed one is let go. */
let spare: BinaryWriter | undefined;

/** How large the last message of a type was, where it was large: its next is likely to be, and growing into it costs twice as much memory. */
const largeBytes = new WeakMap<MessageType, number>();
let anyLarge = false;

/** The bytes of a message, which are nobody else's. */
export function encoded(type: MessageType, message: unknown): Uint8Array {
  const expected = anyLarge ? largeBytes.get(type) : undefined;
  const writer = expected === undefined ? (spare ?? new BinaryWriter()) : roomy(expected);
  if (writer === spare) spare = undefined;
  const written = type.encode(type.fromPartial(message), writer);
  const bytes = written === writer ? taken(writer) : written.finish();
  if (bytes.length > keptBytes) {
    anyLarge = true;
    largeBytes.set(type, bytes.length);
  } else if (expected === undefined) spare = writer;
  else largeBytes.delete(type);
  return bytes;
}

/** What a `BinaryWriter` keeps to itself: what has been written is `buffer` up to `pos`, once every fork is joined. */
interface Written {
  buffer: unknown;
  pos: unknown;
}

/** A writer that need not grow for so many bytes, or a little more. */
function roomy(bytes: number): BinaryWriter {
  const writer = new BinaryWriter();
  const written = writer as unknown as Written;
  if (written.buffer instanceof Uint8Array) written.buffer = Buffer.allocUnsafeSlow(bytes + keptBytes);
  return writer;
}

/**
 * The bytes that have been written, which leaves the writer empty: `finish()`, whose every result is a block of memory of
 * its own, and dearer than all the writing. Where a later version of the library keeps them elsewhere, it is `finish()`.
 */
function taken(writer: BinaryWriter): Uint8Array {
  const written = writer as unknown as Written;
  const { buffer, pos } = written;
  if (!(buffer instanceof Uint8Array) || typeof pos !== "number") return writer.finish();
  if (pos > keptBytes) return buffer.subarray(0, pos); // a writer that large is not used again
  const bytes = Buffer.allocUnsafe(pos);
  if (pos > 0) bytes.set(pos === buffer.length ? buffer : buffer.subarray(0, pos));
  written.pos = 0;
  return bytes;
}
