import type { BinaryReader } from "@bufbuild/protobuf/wire";
import type { MessageType } from "../contract/contract.js";
import type { Codec } from "./codec.js";
import { encoded, encodedLent } from "./encoded.js";
import { keptPart, PartReader } from "./part-reader.js";

/** Memory larger than this is not held on to between two messages. */
const keptBytes = 64 * 1024;

/** Of the piece of memory that was read last: the next message is most likely in it too. */
let reader: PartReader | undefined;

/** Protobuf through the generated `encode` and `decode`; the default everywhere. */
export const protobufCodec: Codec = {
  name: "proto",
  encode: encoded,
  encodeLent: encodedLent,
  decode: (type, bytes) => type.decode(bytes),
  decodePart(type, bytes, start, end) {
    if (!takesReader(type)) return type.decode(keptPart(bytes, start, end));
    const own = reader?.bytesRead === bytes ? reader : new PartReader(bytes);
    if (bytes.buffer.byteLength <= keptBytes) reader = own;
    return (type as PartMessageType).decode(own.aim(start, end), end - start);
  },
};

/** Of those types that were asked. */
const readerTakers = new WeakMap<MessageType, boolean>();

/** Stubs take our readers where they stand on the same copy of the library as we do. */
function takesReader(type: MessageType): boolean {
  let takes = readerTakers.get(type);
  if (takes === undefined) {
    takes = readsToTheEnd(type);
    readerTakers.set(type, takes);
  }
  return takes;
}

/** The last number a field can have, as a varint of 0: no type knows it, and each that reads passes over it. */
const unknownField = Uint8Array.of(0xf8, 0xff, 0xff, 0xff, 0x0f, 0);

function readsToTheEnd(type: MessageType): boolean {
  if (type.decode.length < 2) return false;
  const probe = new PartReader(unknownField);
  try {
    (type as PartMessageType).decode(probe, unknownField.length);
  } catch {
    return false;
  }
  return probe.pos === unknownField.length;
}

/** What ts-proto generates takes more than is asked of a message type: a reader, and how much of it. */
interface PartMessageType extends MessageType {
  decode(input: BinaryReader | Uint8Array, length?: number): unknown;
}
