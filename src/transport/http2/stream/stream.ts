/**
 * One stream of a connection: one call, as HTTP/2 has it (RFC 9113 §5).
 *
 * Promises to whoever handles it: events come in order, `onClosed` once and last; what is sent leaves in order, no faster
 * than the peer's windows allow, and never blocks another stream. It demands that received bytes are credited once they
 * are no longer held, be the stream over or not, for the peer is let send no more than that.
 */
import { type Http2Code, http2CodeName } from "../errors.js";
import type { Receiving, ReceivingStream } from "../flow-control/receiving.js";
import { type QueueOwner, SendQueue } from "../flow-control/send-queue.js";
import type { Sending } from "../flow-control/sending.js";
import type { Fields, FieldTemplate, HeaderBlock } from "../hpack/hpack.js";
import type { Outbox } from "../outbox.js";

/** Why a stream ended before its time. */
export interface StreamFailure {
  /** Of RFC 9113 §7. */
  readonly code: number;
  /** Who ended it: the peer by RST_STREAM, this side by its own, or the connection by its end. */
  readonly by: "peer" | "self" | "connection";
  readonly message: string;
  /** The peer certainly did nothing for it. */
  readonly unprocessed: boolean;
}

/** What a call is told of its stream. */
export interface StreamHandler {
  /** @param endStream nothing follows; `onEnd` is not called then */
  onHeaders(block: HeaderBlock, endStream: boolean): void;
  /** A part of a DATA payload, lent for the time of this call. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The peer has said all it has to say. */
  onEnd(): void;
  /** @param failure undefined where both sides have said all they had to say */
  onClosed(failure: StreamFailure | undefined): void;
  /** What was queued has gone below the limit. */
  onWritable(): void;
}

/** What a stream needs of its connection. */
export interface StreamConnection {
  readonly outbox: Outbox;
  readonly sending: Sending;
  readonly receiving: Receiving;
  /** Fields that are sent again and again; made once for a key. */
  template(key: unknown, fields: () => Fields): FieldTemplate;
  /** What the peer takes of header fields, in bytes as HPACK counts. */
  readonly maxPeerHeaderBytes: number;
  writeHeaders(streamId: number, template: FieldTemplate, fields: Fields, endStream: boolean): void;
  resetStream(streamId: number, code: Http2Code): void;
  /** The peer broke a rule that concerns one stream alone. */
  failStream(streamId: number, code: Http2Code, message: string): void;
  /** The stream is over. @param well both sides have said all they had to say */
  forget(stream: Stream, well: boolean): void;
  /** Our side of a stream has ended, and the other has not. */
  onHalfClosed(stream: Stream): void;
  /** Nobody works any more for a stream that is over. */
  onReleased(): void;
}

export class Stream implements QueueOwner, ReceivingStream {
  readonly id: number;
  readonly connection: StreamConnection;
  readonly queue: SendQueue;
  handler: StreamHandler;
  /** What the peer may still send. */
  receiveWindow: number;
  /** Received, and not yet credited; outlives the stream where the peer has said all. */
  unreadBytes = 0;
  /** Credited, and not yet told the peer. */
  creditedBytes = 0;
  /** The peer has ended its side. */
  remoteEnded = false;
  closed = false;

  constructor(id: number, connection: StreamConnection, handler: StreamHandler) {
    this.id = id;
    this.connection = connection;
    this.handler = handler;
    this.receiveWindow = connection.receiving.streamWindow;
    this.queue = new SendQueue(this, connection.outbox, connection.sending);
  }

  /** Whether the writer had better wait for `onWritable`. */
  get full(): boolean {
    return this.queue.full;
  }

  sendHeaders(template: FieldTemplate, fields: Fields, endStream: boolean): void {
    if (this.closed) return;
    this.connection.writeHeaders(this.id, template, fields, endStream);
    if (endStream) this.sent();
  }

  /**
   * A gRPC message: its prefix, and the first `length` of `bytes`.
   *
   * @param lent the bytes change after this; else they are not to change any more
   */
  sendMessage(compressed: boolean, bytes: Uint8Array, length: number, lent: boolean, endStream: boolean): void {
    if (!this.closed) this.queue.message(compressed, bytes, length, lent, endStream);
  }

  /** Trailers, after what is queued. */
  sendTrailers(template: FieldTemplate, fields: Fields): void {
    if (!this.closed) this.queue.trailers(template, fields);
  }

  /** No further message follows. */
  end(): void {
    if (!this.closed) this.queue.end();
  }

  /** Tells the peer that this side has no more to do with it, unless both have ended. What is queued is dropped. */
  reset(code: Http2Code): void {
    if (this.closed || (this.remoteEnded && this.queue.ended)) return;
    this.connection.resetStream(this.id, code);
    this.close({ code, by: "self", message: http2CodeName(code), unprocessed: false });
  }

  /** The peer broke a rule that concerns this stream alone. */
  fail(code: Http2Code, message: string): void {
    if (!this.closed) this.connection.failStream(this.id, code, message);
  }

  /** Bytes that were received are no longer held, read or dropped: the peer may send as many more. */
  credit(bytes: number): void {
    this.connection.receiving.credit(this, bytes);
  }

  /** Nobody works for it any more: its place on the connection is another's. To be called once, after `onClosed`. */
  release(): void {
    this.connection.onReleased();
  }

  onWritable(): void {
    this.handler.onWritable();
  }

  /** Our side has ended. */
  sent(): void {
    this.queue.ended = true;
    if (this.remoteEnded) this.close(undefined);
    else this.connection.onHalfClosed(this);
  }

  /** Their side has ended, and whoever handles the stream knows. */
  received(): void {
    if (this.queue.ended) this.close(undefined);
  }

  close(failure: StreamFailure | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.queue.drop();
    this.connection.forget(this, failure === undefined);
    this.handler.onClosed(failure);
  }
}
