/**
 * Between a message and its bytes.
 *
 * A codec promises callers that `decode(encode(m))` equals `m`, that partial messages are completed with the defaults of
 * their type, that bytes which do not fit throw, and that encoding keeps no reference to the message. It demands that bytes
 * given to be decoded are left alone from then on: the message may hold on to them rather than copy.
 */
import type { MessageType } from "../contract/contract.js";

export interface Codec {
  /** The content-subtype: `application/grpc+<name>`. */
  readonly name: string;
  encode(type: MessageType, message: unknown): Uint8Array;
  /** @throws where the bytes do not fit: an `RpcError` as it stands; the transport makes anything else INTERNAL, as gRPC does */
  decode(type: MessageType, bytes: Uint8Array): unknown;
  /**
   * The same for the message from `start` to `end`, where the codec needs no view of its own for it. What it makes holds on to no
   * more of `bytes` than is worth it: they are many times as long. Default: `decode()` of a part.
   */
  decodePart?(type: MessageType, bytes: Uint8Array, start: number, end: number): unknown;
}
