import type { Codec } from "../../codec/codec.js";

const prefix = "application/grpc";

/** `application/grpc+json`; plain `application/grpc` for protobuf, which every server understands. */
export function contentType(codec: Codec): string {
  return codec.name === "proto" ? prefix : `${prefix}+${codec.name}`;
}

/** The codec a content-type asks for; undefined where it is none of these. `application/grpc` alone means protobuf. */
export function codecOf(header: string, codecs: readonly Codec[]): Codec | undefined {
  const type = header.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const name = type === prefix ? "proto" : type.startsWith(`${prefix}+`) ? type.slice(prefix.length + 1) : undefined;
  return codecs.find((codec) => codec.name === name);
}
