import type { Codec } from "../../../codec/codec.js";
import { type CompressionName, compress } from "../../../codec/compression.js";
import type { MessageType } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import type { Stream } from "../stream/stream.js";
import type { MessageSettings } from "./call-settings.js";

/** The messages of one side of a call on their way out: encoded, compressed where that pays, no faster than they are taken. */
export class OutgoingMessages {
  readonly #stream: Stream;
  readonly #codec: Codec;
  readonly #type: MessageType;
  readonly #compression: CompressionName | undefined;
  readonly #settings: MessageSettings;
  #resume: (() => void) | undefined;

  constructor(
    stream: Stream,
    codec: Codec,
    type: MessageType,
    compression: CompressionName | undefined,
    settings: MessageSettings,
  ) {
    this.#stream = stream;
    this.#codec = codec;
    this.#type = type;
    this.#compression = compression;
    this.#settings = settings;
  }

  /**
   * Undefined where there is room for the next; else resolves when there is, or the stream is over.
   *
   * @param last no further message follows, and nothing else: the stream is half-closed with it
   * @throws RpcError RESOURCE_EXHAUSTED for a message too large, and whatever the codec throws
   */
  write(message: unknown, last: boolean): Promise<void> | undefined {
    const codec = this.#codec;
    if (this.#compression === undefined && codec.encodeLent !== undefined) {
      const { bytes, length, lent } = codec.encodeLent(this.#type, message);
      return this.#send(false, bytes, length, lent, last);
    }
    const bytes = codec.encode(this.#type, message);
    if (this.#compression === undefined || bytes.length < this.#settings.compressMinBytes) {
      return this.#send(false, bytes, bytes.length, false, last);
    }
    return this.#writeCompressed(this.#compression, bytes, last);
  }

  /** What was queued is below the limit, or nobody takes it any more. */
  writable(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  async #writeCompressed(compression: CompressionName, bytes: Uint8Array, last: boolean): Promise<void> {
    const compressed = await compress(compression, bytes);
    await this.#send(true, compressed, compressed.length, false, last);
  }

  #send(
    compressed: boolean,
    bytes: Uint8Array,
    length: number,
    lent: boolean,
    last: boolean,
  ): Promise<void> | undefined {
    const { maxSendBytes } = this.#settings;
    if (length > maxSendBytes) {
      const message = `Attempted to send message with a size larger than ${maxSendBytes}`;
      throw new RpcError(Code.RESOURCE_EXHAUSTED, message);
    }
    this.#stream.sendMessage(compressed, bytes, length, lent, last);
    if (last || !this.#stream.full) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}
