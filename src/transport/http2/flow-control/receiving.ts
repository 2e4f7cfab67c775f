import { ConnectionError, Http2Code } from "../errors.js";
import { writeWindowUpdate } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";
import { defaultWindowBytes } from "../settings.js";
import { Unfolding } from "./unfolding.js";

/** What streams nobody reads may hold on one connection; beyond it the connection waits for them, once its window is used up. */
const maxUnreadBytes = 16 * 1024 * 1024;

/** Of a window: what is credited is told the peer once it is so much. More seldom, and less of the window is of use; more often, and it costs. */
const toldShare = 0.25;

/** What messages whose end has not come may take on one connection. */
const maxPartialBytes = 256 * 1024 * 1024;

/** So much memory a peer has for the asking: what the prefix of a message says of its length may be a lie. */
const trustedBytes = 16 * 1024 * 1024;

/** What is known of a stream on which data come. */
export interface ReceivingStream {
  readonly id: number;
  /** The peer has ended its side. */
  readonly remoteEnded: boolean;
  /** What the peer may still send. */
  receiveWindow: number;
  /** Received, and not yet credited: whoever handles the stream holds them, also when it has ended. */
  unreadBytes: number;
  /** Credited, and not yet told the peer. */
  creditedBytes: number;
}

/**
 * How much a peer may send: our windows, of the connection and of its streams (RFC 9113 §5.2).
 *
 * A byte of DATA is received (the windows are smaller by it), then unread (whoever handles its stream holds it), then
 * credited (it was read, or dropped), then told (WINDOW_UPDATE: the windows are larger again). So it is with the window of
 * its stream. That of the connection does not wait for readers: a byte is credited as it is received, unless too many are
 * unread; then it is withheld, and credited once fewer are. Messages under way are another matter: the bytes have been
 * read into memory of their own, and it is the memory that is counted.
 */
export class Receiving {
  /** Of a stream. Grows with what the road turns out to hold. */
  streamWindow: number;
  /** No longer unread, ever: what shows how fast the peer is read. */
  readBytes = 0;
  readonly #outbox: Outbox;
  #unfolding: Unfolding | undefined;
  /** What the peer may still send on the whole connection. */
  #window: number = defaultWindowBytes;
  /** Of that window: credited, and not yet told the peer. */
  #creditedBytes = 0;
  /** Of that window: not credited, for too many bytes are unread. */
  #withheldBytes = 0;
  /** Of all streams. */
  #unreadBytes = 0;
  /** The memory of messages under way. */
  #partialBytes = 0;

  constructor(outbox: Outbox, streamWindow: number) {
    this.#outbox = outbox;
    this.streamWindow = streamWindow;
  }

  /** Of the whole connection: two streams at full speed. */
  get #target(): number {
    return 2 * this.streamWindow;
  }

  /** The compressed messages of all streams. */
  get unfolding(): Unfolding {
    this.#unfolding ??= new Unfolding();
    return this.#unfolding;
  }

  /** Tells the peer what it may send from the beginning on. */
  open(): void {
    const more = this.#target - this.#window;
    this.#window += more;
    writeWindowUpdate(this.#outbox, 0, more);
  }

  /** The windows grow; the streams' own by SETTINGS, which whoever calls this sends. */
  grow(streamWindow: number, streams: Iterable<ReceivingStream>): void {
    const more = streamWindow - this.streamWindow;
    for (const stream of streams) stream.receiveWindow += more;
    this.streamWindow = streamWindow;
    this.#window += 2 * more;
    writeWindowUpdate(this.#outbox, 0, 2 * more);
  }

  /**
   * Bytes of DATA came, for whatever stream. They are credited at once, so that a stream nobody reads stops no other,
   * unless such streams hold too much already.
   *
   * @throws ConnectionError where they are more than allowed
   */
  received(bytes: number): void {
    this.#window -= bytes;
    if (this.#window < 0) {
      throw new ConnectionError(Http2Code.FLOW_CONTROL_ERROR, "more data than the window of the connection allows");
    }
    if (this.#unreadBytes > maxUnreadBytes) {
      this.#withheldBytes += bytes;
      return;
    }
    this.#creditedBytes += bytes;
    this.#tell();
  }

  /** The same for one stream. False where they are more than allowed. */
  receivedOn(stream: ReceivingStream, bytes: number): boolean {
    stream.receiveWindow -= bytes;
    stream.unreadBytes += bytes;
    this.#unreadBytes += bytes;
    return stream.receiveWindow >= 0;
  }

  /** Bytes of a stream are no longer held. What has been forgotten, or credited before, is passed over. */
  credit(stream: ReceivingStream, bytes: number): void {
    if (stream.unreadBytes === 0) return;
    this.#settle(stream, bytes);
    if (stream.remoteEnded) return;
    stream.creditedBytes += bytes;
    if (stream.creditedBytes < this.streamWindow * toldShare) return;
    stream.receiveWindow += stream.creditedBytes;
    writeWindowUpdate(this.#outbox, stream.id, stream.creditedBytes);
    stream.creditedBytes = 0;
  }

  /** Takes memory for a message under way. False where the connection holds too much already. */
  hold(bytes: number): boolean {
    if (this.#partialBytes + bytes > maxPartialBytes) return false;
    this.#partialBytes += bytes;
    return true;
  }

  /** Whether a message under way is given all its memory at once. */
  trusts(bytes: number): boolean {
    return this.#partialBytes + bytes <= trustedBytes;
  }

  letGo(bytes: number): void {
    this.#partialBytes -= bytes;
  }

  /** The stream is over. Where the peer had not ended its side nobody will read what there is; else it may be read yet. */
  forget(stream: ReceivingStream): void {
    if (!stream.remoteEnded) this.#settle(stream, stream.unreadBytes);
  }

  /** Bytes are no longer unread. */
  #settle(stream: ReceivingStream, bytes: number): void {
    stream.unreadBytes -= bytes;
    this.readBytes += bytes;
    this.#unreadBytes -= bytes;
    if (this.#withheldBytes === 0 || this.#unreadBytes > maxUnreadBytes) return;
    this.#creditedBytes += this.#withheldBytes;
    this.#withheldBytes = 0;
    this.#tell();
  }

  #tell(): void {
    if (this.#creditedBytes < this.#target * toldShare) return;
    this.#window += this.#creditedBytes;
    writeWindowUpdate(this.#outbox, 0, this.#creditedBytes);
    this.#creditedBytes = 0;
  }
}
