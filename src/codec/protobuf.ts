import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Codec } from "./codec.js";

/** A writer that grew larger than this is not kept: one large message shall not hold its memory for ever. */
const keptBytes = 64 * 1024;

let spare: BinaryWriter | undefined;

/** Protobuf through the generated `encode` and `decode`; the default everywhere. */
export const protobufCodec: Codec = {
  name: "proto",
  encode(type, message) {
    // Encoding never waits, so one writer and its buffer serve message after message; a failed one is let go.
    const writer = spare ?? new BinaryWriter();
    spare = undefined;
    const written = type.encode(type.fromPartial(message), writer);
    const bytes = written === writer ? taken(writer) : written.finish();
    if (bytes.byteLength <= keptBytes) spare = writer;
    return bytes;
  },
  decode: (type, bytes) => type.decode(bytes),
};

/** What a `BinaryWriter` keeps to itself: what has been written is `buffer` up to `pos`, once every fork is joined. */
interface Written {
  readonly buffer: unknown;
  pos: unknown;
}

/**
 * The bytes that have been written, which leaves the writer empty: `finish()`, whose every result is a block of memory of
 * its own, and dearer than all the writing. Where a later version of the library keeps them elsewhere, it is `finish()`.
 */
function taken(writer: BinaryWriter): Uint8Array {
  const written = writer as unknown as Written;
  const { buffer, pos } = written;
  if (!(buffer instanceof Uint8Array) || typeof pos !== "number") return writer.finish();
  const bytes = Buffer.allocUnsafe(pos);
  if (pos > 0) bytes.set(pos === buffer.length ? buffer : buffer.subarray(0, pos));
  written.pos = 0;
  return bytes;
}
