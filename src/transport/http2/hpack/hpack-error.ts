/** A block that RFC 7541 forbids. The tables of both sides may differ from here on: the connection ends with COMPRESSION_ERROR. */
export class HpackError extends Error {
  override readonly name = "HpackError";
}
