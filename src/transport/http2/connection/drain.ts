import type { Clock, Timer } from "../../../time/time.js";
import { Http2Code } from "../errors.js";
import { writeGoaway } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";
import { PingKind, type Pings } from "./pings.js";

/** Above every id there can be. */
const noLastId = 2 ** 31 - 1;

export interface DrainOptions {
  /** How long the client may take to hear that it is to go, in ms. */
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
}

/** Whose client is to go. */
export interface DrainSink {
  /** Of the calls that came: the last, which is served still. */
  readonly lastPeerId: number;
  /** From now on nothing is taken. */
  onDrained(): void;
}

/**
 * How a server asks a client for no further calls (RFC 9113 §6.8): it announces the end and sends a PING; what was under way by
 * then is here when that is answered, and only then it says which call was the last.
 */
export class Drain {
  readonly #outbox: Outbox;
  readonly #pings: Pings;
  readonly #options: DrainOptions;
  readonly #sink: DrainSink;
  #stage: "none" | "announced" | "final" = "none";
  #reason = "";
  #timer: Timer | undefined;

  constructor(outbox: Outbox, pings: Pings, options: DrainOptions, sink: DrainSink) {
    this.#outbox = outbox;
    this.#pings = pings;
    this.#options = options;
    this.#sink = sink;
  }

  /** Whether the last word was said. */
  get final(): boolean {
    return this.#stage === "final";
  }

  /** @param reason for the client to read; the first one holds */
  announce(reason: string): void {
    if (this.#stage !== "none") return;
    this.#stage = "announced";
    this.#reason = reason;
    writeGoaway(this.#outbox, noLastId, Http2Code.NO_ERROR, reason);
    this.#pings.send(PingKind.drain);
    const { clock, keepaliveTimeoutMs } = this.#options;
    this.#timer = clock.timer(keepaliveTimeoutMs, () => this.onHeard(), true);
  }

  /** The client answered our PING, or has had its time. */
  onHeard(): void {
    if (this.#stage !== "announced") return;
    this.#stage = "final";
    this.#timer?.cancel();
    writeGoaway(this.#outbox, this.#sink.lastPeerId, Http2Code.NO_ERROR, this.#reason);
    this.#sink.onDrained();
  }

  /** The connection is over. */
  close(): void {
    this.#timer?.cancel();
  }
}
