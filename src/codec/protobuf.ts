import type { Codec } from "./codec.js";

/** Protobuf through the generated `encode` and `decode`; the default everywhere. */
export const protobufCodec: Codec = {
  name: "proto",
  encode: (type, message) => type.encode(type.fromPartial(message)).finish(),
  decode: (type, bytes) => type.decode(bytes),
};
