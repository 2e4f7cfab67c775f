import { type BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { MessageType } from "../contract/contract.js";
import type { Codec } from "./codec.js";
import { PartReader } from "./part-reader.js";

/** A writer that grew larger than this is not kept: one large message shall not hold its memory for ever. */
const keptBytes = 64 * 1024;

let spare: BinaryWriter | undefined;

/** Of the piece of memory that was read last: the next message is most likely in it too. */
let reader: PartReader | undefined;

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
  decodePart(type, bytes, start, end) {
    if (!takesReader(type)) return type.decode(bytes.subarray(start, end));
    if (reader?.bytesRead !== bytes) reader = new PartReader(bytes);
    return (type as PartMessageType).decode(reader.aim(start, end), end - start);
  },
};

/** Of those types that were asked. */
const readerTakers = new WeakMap<MessageType, boolean>();

/** Stubs take our readers where they stand on the same copy of the library as we do. */
function takesReader(type: MessageType): boolean {
  let takes = readerTakers.get(type);
  if (takes === undefined) {
    takes = readsNothing(type);
    readerTakers.set(type, takes);
  }
  return takes;
}

function readsNothing(type: MessageType): boolean {
  if (type.decode.length < 2) return false;
  try {
    (type as PartMessageType).decode(new PartReader(new Uint8Array(0)), 0);
    return true;
  } catch {
    return false;
  }
}

/** What ts-proto generates takes more than is asked of a message type: a reader, and how much of it. */
interface PartMessageType extends MessageType {
  decode(input: BinaryReader | Uint8Array, length?: number): unknown;
}

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
  if (pos > keptBytes) return buffer.subarray(0, pos); // a writer that large is not used again
  const bytes = Buffer.allocUnsafe(pos);
  if (pos > 0) bytes.set(pos === buffer.length ? buffer : buffer.subarray(0, pos));
  written.pos = 0;
  return bytes;
}
