/**
 * Header compression of HTTP/2 (RFC 7541): one encoder and one decoder a connection.
 *
 * Promises to callers: both work through the blocks of a connection in their order and hold a bounded amount of memory
 * whatever comes. Fields are flat lists (name, value, name, value, …) of one character a byte; their names and values
 * are not judged here. What repeats is cheap: an encoder copies the bytes of a template, a decoder gives the same
 * `KnownFields` again. Demands: blocks go out in the order they were encoded, each is decoded whole, and a connection
 * whose decoder threw `HpackError` ends with COMPRESSION_ERROR.
 */
export type { FieldTemplate } from "./field-template.js";
export { type Fields, type HeaderBlock, type KnownFields, listBytes, noFields } from "./header-block.js";
export { HpackDecoder, type HpackDecoderOptions } from "./hpack-decoder.js";
export { HpackEncoder, type HpackEncoderOptions, sensitiveFields } from "./hpack-encoder.js";
export { HpackError } from "./hpack-error.js";
