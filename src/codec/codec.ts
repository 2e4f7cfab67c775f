/**
 * Between a message and its bytes.
 *
 * A codec promises callers that `decode(encode(m))` equals `m`, that partial messages are completed with the defaults of
 * their type, that bytes which do not fit throw, and that encoding keeps no reference to the message. It demands that bytes
 * given to be decoded are left alone from then on: the message may hold on to them rather than copy.
 */
import type { MessageType } from "../contract/contract.js";

/** The first `length` of `bytes`; `lent` where they are to be copied, else they are the receiver's own. */
export interface LentBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly lent: boolean;
}

export interface Codec {
  /** The content-subtype: `application/grpc+<name>`. */
  readonly name: string;
  encode(type: MessageType, message: unknown): Uint8Array;
  /**
   * The same for who copies the bytes to where they go before he does anything else: they are lent until the codec is used
   * again. Default: `encode()`.
   */
  encodeLent?(type: MessageType, message: unknown): LentBytes;
  /** @throws where the bytes do not fit: an `RpcError` as it stands; the transport makes anything else INTERNAL, as gRPC does */
  decode(type: MessageType, bytes: Uint8Array): unknown;
  /**
   * The same for the message from `start` to `end`, where the codec needs no view of its own for it. What it makes holds on to no
   * more of `bytes` than is worth it: they are many times as long. Default: `decode()` of a part.
   */
  decodePart?(type: MessageType, bytes: Uint8Array, start: number, end: number): unknown;
}
