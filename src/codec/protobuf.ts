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
    const bytes = type.encode(type.fromPartial(message), writer).finish();
    if (bytes.byteLength <= keptBytes) spare = writer;
    return bytes;
  },
  decode: (type, bytes) => type.decode(bytes),
};
