import type { Socket } from "node:net";
import { ConnectionError, Http2Code, http2CodeName } from "../errors.js";
import { FrameType } from "../frames/frames.js";
import type { HeaderBlock } from "../hpack/hpack.js";
import { Setting } from "../settings.js";
import { Stream, type StreamHandler } from "../stream/stream.js";
import { Connection } from "./connection.js";
import type { ConnectionOptions } from "./connection-options.js";
import { Drain, type DrainSink } from "./drain.js";
import type { Goaway } from "./goaway.js";
import { PingStrikes } from "./ping-strikes.js";
import { PingKind } from "./pings.js";
import { RecentIds } from "./recent-ids.js";

/** Streams we reset are remembered so far back: what comes late for them is no mistake of the peer's. */
const rememberedResets = 1024;

export interface ServerConnectionEvents {
  /** A call came; its header fields are told to what this returns. */
  onStream(stream: Stream): StreamHandler;
  /** The last call has ended, and no other runs. */
  onIdle?(): void;
  /** A fault of ours, of which the client learns no more than that there was one. */
  onFault?(fault: unknown): void;
  /** Once; but for the fault that was the reason, last. */
  onClosed(): void;
}

/** The side that is called. */
export class ServerConnection extends Connection implements DrainSink {
  readonly #events: ServerConnectionEvents;
  readonly #drain: Drain;
  readonly #strikes: PingStrikes;
  readonly #resets = new RecentIds(rememberedResets);
  /** Streams, and handlers of streams that are over: a peer that resets a call does not get room for another by it. */
  #running = 0;
  #refusing = false;

  /** @param socket that stands behind the client's preface; with TLS, for `h2` */
  constructor(socket: Socket, options: ConnectionOptions, events: ServerConnectionEvents) {
    super(socket, options);
    this.#events = events;
    this.#drain = new Drain(this.outbox, this.pings, options, this);
    this.#strikes = new PingStrikes(options.clock, options.minPingIntervalMs);
    this.begin();
  }

  /**
   * Asks the client for no further calls; closes once the last has ended (RFC 9113 §6.8).
   *
   * @param reason for the client to read: `max_idle` and `max_age` are words of gRPC's servers
   * @param refuse whether calls that are already on their way are refused, such that they may go elsewhere. Default: false.
   */
  drain(reason = "shutting down", refuse = false): void {
    this.#refusing ||= refuse;
    if (!this.over) this.#drain.announce(reason);
  }

  onDrained(): void {
    this.#closeWhenIdle();
  }

  protected get ownSettings(): readonly (readonly [number, number])[] {
    return [
      [Setting.MAX_CONCURRENT_STREAMS, this.options.maxConcurrentStreams],
      [Setting.MIN_PING_INTERVAL, this.options.minPingIntervalMs],
    ];
  }

  onSettings(): void {}

  get running(): number {
    return this.#running;
  }

  onHeaderBlock(streamId: number, block: HeaderBlock, endStream: boolean): void {
    const existing = this.streams.get(streamId);
    if (existing !== undefined) this.#trailers(existing, block, endStream);
    else if (streamId > this.lastPeerId && streamId % 2 === 1) this.#open(streamId, block, endStream);
    else this.checkClosed(streamId, FrameType.HEADERS);
  }

  isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.lastPeerId;
  }

  /** RFC 9113 §5.1: what may come for a stream that is over, and what not. */
  checkClosed(id: number, type: number): void {
    if (this.isIdle(id)) {
      if (this.#drain.final && id % 2 === 1) {
        this.patience.spend("frames after GOAWAY"); // some are on their way before our last word is heard (§6.8)
        return;
      }
      throw new ConnectionError(Http2Code.PROTOCOL_ERROR, `a frame on stream ${id}, which nobody opened`);
    }
    const reset = this.#resets.has(id);
    if (reset && type === FrameType.RST_STREAM) this.onReset(); // refused and reset again and again, it is a flood like any other
    if (reset || type === FrameType.WINDOW_UPDATE || type === FrameType.RST_STREAM) return;
    if (type === FrameType.DATA) {
      this.failStream(id, Http2Code.STREAM_CLOSED, "data on a closed stream"); // perhaps reset so long ago that we forgot
      return;
    }
    throw new ConnectionError(Http2Code.STREAM_CLOSED, `a frame on stream ${id}, which is closed`);
  }

  override resetStream(streamId: number, code: number): void {
    super.resetStream(streamId, code);
    this.#resets.add(streamId);
  }

  /** The answer is complete: what the client still has to say is not wanted (RFC 9113 §8.1). */
  onHalfClosed(stream: Stream): void {
    this.resetStream(stream.id, Http2Code.NO_ERROR);
    stream.close(undefined);
  }

  onReset(): void {
    this.patience.spend("resets of streams");
  }

  protected onStreamEnd(well: boolean): void {
    if (well) this.patience.earn();
  }

  onReleased(): void {
    this.#running--;
    if (this.#running > 0) return;
    if (this.#drain.final) this.#closeWhenIdle();
    if (!this.over) this.#events.onIdle?.();
  }

  onPing(): void {
    this.#strikes.count(this.sending.spoke);
  }

  override onPingAnswer(kind: number): void {
    if (kind === PingKind.drain) this.#drain.onHeard();
    else super.onPingAnswer(kind);
  }

  onGoaway({ code, debug }: Goaway): void {
    if (code !== Http2Code.NO_ERROR) this.destroy(`the client said ${http2CodeName(code)} ${debug}`);
    else this.drain();
  }

  protected onOver(): void {
    this.#drain.close();
    this.#events.onClosed();
  }

  protected onFault(fault: unknown): void {
    this.#events.onFault?.(fault);
  }

  #open(streamId: number, block: HeaderBlock, endStream: boolean): void {
    if (this.#drain.final) {
      this.patience.spend("frames after GOAWAY");
      return;
    }
    this.patience.checkRead();
    this.lastPeerId = streamId;
    if (this.#refusing) {
      this.resetStream(streamId, Http2Code.REFUSED_STREAM);
      return;
    }
    const { maxConcurrentStreams } = this.options;
    if (this.streams.size >= maxConcurrentStreams) {
      this.failStream(streamId, Http2Code.REFUSED_STREAM, "too many calls at once");
      return;
    }
    if (this.#running >= maxConcurrentStreams) {
      this.resetStream(streamId, Http2Code.REFUSED_STREAM); // the client has kept to its limit: the handlers are ours
      return;
    }
    const stream = new Stream(streamId, this, nobody);
    this.#running++;
    this.add(stream);
    stream.handler = this.#events.onStream(stream);
    this.headersOf(stream, block, endStream);
  }

  #trailers(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    if (stream.remoteEnded) {
      this.failStream(stream.id, Http2Code.STREAM_CLOSED, "header fields after the end of the stream");
    } else if (!endStream) {
      this.failStream(stream.id, Http2Code.PROTOCOL_ERROR, "header fields amid the data");
    } else {
      this.headersOf(stream, block, true);
    }
  }

  #closeWhenIdle(): void {
    if (this.#running === 0 && this.streams.size === 0) this.ending.leave("drained");
  }
}

/** Until somebody handles the stream. */
const nobody: StreamHandler = { onHeaders() {}, onData() {}, onEnd() {}, onClosed() {}, onWritable() {} };
