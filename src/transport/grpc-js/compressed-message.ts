/**
 * A grpc-js server writes every message with the compressed flag off: five bytes of prefix, then `message.copy(frame, 5)`.
 * These bytes put the flag on as they are copied behind their prefix.
 */
class CompressedMessage extends Buffer {
  override copy(frame: Uint8Array, start = 0): number {
    frame[start - 5] = 1;
    return Buffer.prototype.copy.call(this, frame, start);
  }
}

/** Marks bytes as compressed; they are not copied. */
export function asCompressed(bytes: Buffer): Buffer {
  return Object.setPrototypeOf(bytes, CompressedMessage.prototype);
}
