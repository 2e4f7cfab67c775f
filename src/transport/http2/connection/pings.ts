import { ConnectionError, Http2Code } from "../errors.js";
import type { Sending } from "../flow-control/sending.js";
import { Flag, writePing } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";
import type { Patience } from "./patience.js";

/** What our PINGs carry, to tell their answers apart. */
export const PingKind: { readonly keepalive: 1; readonly bandwidth: 2; readonly drain: 3 } = {
  keepalive: 1,
  bandwidth: 2,
  drain: 3,
};

const pingBytes = 8;

/** Who is told of PINGs. */
export interface PingSink {
  /** The peer asks for an answer, which it gets after this. @throws ConnectionError where it asks too often */
  onPing(): void;
  /** One of ours was answered. @param kind of `PingKind`, if the peer says what we said */
  onPingAnswer(kind: number): void;
}

/** PING, both ways: ours tell by their answers what they were for, the peer's are answered at once (RFC 9113 §6.7). */
export class Pings {
  readonly #outbox: Outbox;
  readonly #sending: Sending;
  readonly #patience: Patience;
  readonly #sink: PingSink;
  #unanswered = 0;
  #unheard = 0;

  constructor(outbox: Outbox, sending: Sending, patience: Patience, sink: PingSink) {
    this.#outbox = outbox;
    this.#sending = sending;
    this.#patience = patience;
    this.#sink = sink;
  }

  send(kind: number): void {
    this.#unanswered++;
    this.#unheard++;
    const data = new Uint8Array(pingBytes);
    data[pingBytes - 1] = kind;
    writePing(this.#outbox, data, false);
  }

  /** Data came, or header fields: what servers do not count PINGs across. */
  heard(): void {
    this.#unheard = this.#unanswered;
  }

  /** Ours that the peer may have had since it last sent data or header fields: those under way then among them. */
  get unheard(): number {
    return this.#unheard;
  }

  /** One of the peer's. @throws ConnectionError */
  take(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "PING on a stream");
    if (end - start !== pingBytes) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "PING is 8 bytes");
    if ((flags & Flag.ACK) !== 0) {
      if (this.#unanswered > 0) this.#unanswered--;
      this.#sink.onPingAnswer(bytes[end - 1] as number);
      return;
    }
    this.#sink.onPing();
    this.#sending.spoke = false;
    writePing(this.#outbox, bytes.subarray(start, end), true);
    this.#patience.checkRead();
  }
}
