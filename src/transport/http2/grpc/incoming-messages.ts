import type { Codec } from "../../../codec/codec.js";
import { decompress } from "../../../codec/compression.js";
import type { MessageType } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import { messagePrefixBytes } from "../flow-control/send-queue.js";
import type { Stream } from "../stream/stream.js";
import { KeptBytes } from "./kept-bytes.js";
import { PartialMessage } from "./partial-message.js";

/** Who the messages are for. */
export interface MessageReceiver {
  /** Whether no further message may be given for now: `resume()` says when. */
  readonly full: boolean;
  onMessage(message: unknown): void;
  /** Every message has been given, and no other comes. */
  onMessagesEnd(): void;
  /** What came is no message, or too large; nothing more is given. */
  onMessageFault(error: RpcError): void;
  /** The error for bytes the codec does not understand. */
  notDecodable(cause: unknown): RpcError;
}

/**
 * The messages in the DATA of one stream (gRPC's length-prefixed messages). Whoever is full is given no more; what
 * comes meanwhile is kept, and not credited, so that the peer stops at the window.
 */
export class IncomingMessages {
  /** As `grpc-encoding` says. */
  encoding: string | undefined;
  readonly #stream: Stream;
  readonly #codec: Codec;
  readonly #type: MessageType;
  readonly #maxBytes: number;
  readonly #receiver: MessageReceiver;
  /** Came while nothing could be given. */
  #kept: KeptBytes | undefined;
  /** The message under way. */
  #partial: PartialMessage | undefined;
  #unfolding = false;
  #ended = false;
  #over = false;

  constructor(stream: Stream, codec: Codec, type: MessageType, maxBytes: number, receiver: MessageReceiver) {
    this.#stream = stream;
    this.#codec = codec;
    this.#type = type;
    this.#maxBytes = maxBytes;
    this.#receiver = receiver;
  }

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#over) this.#stream.credit(end - start);
    else {
      const read = this.#kept === undefined && !this.#paused ? this.#read(bytes, start, end) : start;
      if (read === end || this.#over) return;
      this.#kept ??= new KeptBytes();
      this.#kept.add(bytes, read, end);
    }
  }

  /** The peer has sent all. */
  end(): void {
    this.#ended = true;
    this.#endIfRead();
  }

  /** There is room again. */
  resume(): void {
    for (let kept = this.#kept; kept !== undefined && !this.#paused; kept = this.#kept) {
      const { first, from } = kept;
      kept.readTo(this.#read(first, from, first.length));
      if (kept.empty) this.#kept = undefined;
    }
    this.#endIfRead();
  }

  /** Nobody wants the messages any more. */
  stop(): void {
    this.#over = true;
    this.#kept = undefined;
    this.#stream.credit(this.#stream.unreadBytes);
    this.#release();
  }

  get #paused(): boolean {
    return this.#unfolding || this.#receiver.full;
  }

  /** Gives what can be given. Returns up to where. */
  #read(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && !this.#over) {
      if (at > start && this.#paused) break;
      if (this.#partial === undefined && end - at >= messagePrefixBytes) at = this.#readMessage(bytes, at, end);
      else {
        this.#partial ??= new PartialMessage(this.#stream.connection.receiving);
        at = this.#fill(this.#partial, bytes, at, end);
      }
    }
    this.#stream.credit((this.#over ? end : at) - start);
    return at;
  }

  /** From a prefix on. Where the whole message is here it is read in place. */
  #readMessage(bytes: Buffer, at: number, end: number): number {
    const length = this.#checkedLength(bytes, at);
    if (length < 0) return end;
    const from = at + messagePrefixBytes;
    if (end - from >= length) {
      this.#deliver(bytes[at] === 1, bytes, from, from + length);
      return from + length;
    }
    this.#partial = new PartialMessage(this.#stream.connection.receiving);
    this.#partial.expect(length);
    return this.#fill(this.#partial, bytes, at, end);
  }

  /** Takes what there is for the message under way. Returns where what follows it begins. */
  #fill(partial: PartialMessage, bytes: Buffer, start: number, end: number): number {
    let at = partial.take(bytes, start, end);
    if (partial.prefixed) {
      const length = this.#checkedLength(partial.bytes, 0);
      if (length < 0) return end;
      partial.expect(length);
      at = partial.take(bytes, at, end);
    }
    if (at < 0) {
      this.#fail(tooMuchAtOnce());
      return end;
    }
    if (partial.complete) {
      this.#deliver(partial.bytes[0] === 1, partial.bytes, messagePrefixBytes, partial.total);
      this.#release();
    }
    return at;
  }

  #release(): void {
    this.#partial?.release();
    this.#partial = undefined;
  }

  /** Of the message whose prefix stands at `at`; -1 where it cannot be received. */
  #checkedLength(bytes: Buffer, at: number): number {
    const flag = bytes[at] as number;
    if (flag > 1) {
      this.#fail(new RpcError(Code.INTERNAL, `a message with the flags ${flag}; 0 and 1 have a meaning`));
      return -1;
    }
    const length = bytes.readUInt32BE(at + 1);
    if (length <= this.#maxBytes) return length;
    const message = `Received message larger than max (${length} vs ${this.#maxBytes})`;
    this.#fail(new RpcError(Code.RESOURCE_EXHAUSTED, message));
    return -1;
  }

  #deliver(compressed: boolean, bytes: Buffer, start: number, end: number): void {
    if (compressed) void this.#unfold(Buffer.from(bytes.subarray(start, end)));
    else this.#decode(bytes, start, end);
  }

  #decode(bytes: Buffer, start: number, end: number): void {
    const codec = this.#codec;
    let message: unknown;
    try {
      message =
        codec.decodePart === undefined
          ? codec.decode(this.#type, bytes.subarray(start, end))
          : codec.decodePart(this.#type, bytes, start, end);
    } catch (cause) {
      this.#fail(this.#receiver.notDecodable(cause));
      return;
    }
    this.#receiver.onMessage(message);
  }

  async #unfold(bytes: Buffer): Promise<void> {
    const { encoding } = this;
    if (encoding === undefined || encoding === "identity") {
      this.#fail(new RpcError(Code.INTERNAL, "a compressed message under no grpc-encoding"));
      return;
    }
    const { receiving } = this.#stream.connection;
    if (!receiving.hold(bytes.length)) {
      this.#fail(tooMuchAtOnce());
      return;
    }
    this.#unfolding = true;
    let unfolded: Buffer;
    try {
      unfolded = await receiving.unfolding.run(bytes.length, this.#maxBytes, () =>
        this.#over ? Promise.resolve(bytes) : decompress(encoding, bytes, this.#maxBytes),
      );
    } catch (error) {
      this.#fail(RpcError.from(error));
      return;
    } finally {
      receiving.letGo(bytes.length);
    }
    this.#unfolding = false;
    if (this.#over) return;
    this.#decode(unfolded, 0, unfolded.length);
    this.resume();
  }

  #endIfRead(): void {
    if (!this.#ended || this.#over || this.#unfolding || this.#kept !== undefined) return;
    if (this.#partial !== undefined) {
      this.#fail(new RpcError(Code.INTERNAL, "the stream broke off within a message"));
      return;
    }
    this.#over = true;
    this.#receiver.onMessagesEnd();
  }

  #fail(error: RpcError): void {
    if (this.#over) return;
    this.stop();
    this.#receiver.onMessageFault(error);
  }
}

function tooMuchAtOnce(): RpcError {
  return new RpcError(Code.RESOURCE_EXHAUSTED, "too many large messages at once on one connection");
}
