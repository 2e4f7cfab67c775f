import type { MessageType } from "../../contract/contract.js";
import type { ReadMessage, RedactedMessage } from "./contract-messages.js";

export interface TapeLimits {
  /** Of all messages of one side of a call, as protobuf. */
  readonly maxBytes: number;
  readonly maxMessages: number;
}

/**
 * The messages of one side of a call as they were when they passed, in bytes: whoever changes one later changes nothing
 * here. Stops at the first that would be too much.
 */
export class MessageTape {
  readonly #type: MessageType;
  readonly #limits: TapeLimits;
  readonly #messages: Uint8Array[] = [];
  #bytes = 0;
  #truncated = false;

  constructor(type: MessageType, limits: TapeLimits) {
    this.#type = type;
    this.#limits = limits;
  }

  /** How many bytes it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  add(message: unknown): void {
    if (this.#truncated) return;
    const bytes = this.#encode(message);
    this.#truncated =
      bytes === undefined ||
      this.#messages.length >= this.#limits.maxMessages ||
      this.#bytes + bytes.length > this.#limits.maxBytes;
    if (bytes === undefined || this.#truncated) return;
    this.#messages.push(bytes);
    this.#bytes += bytes.length;
  }

  /** @param stream whether there may be several: their places are part of the paths of what is hidden then */
  read(read: ReadMessage, stream: boolean): readonly RedactedMessage[] {
    return this.#messages.map((bytes, index) => read(bytes, stream ? [index] : []));
  }

  /** What cannot be encoded fails where it is sent, and is told there. */
  #encode(message: unknown): Uint8Array | undefined {
    try {
      return this.#type.encode(this.#type.fromPartial(message)).finish();
    } catch {
      return undefined;
    }
  }
}
