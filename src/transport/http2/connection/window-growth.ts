import type { Clock } from "../../../time/time.js";
import { Bandwidth } from "../flow-control/bandwidth.js";
import type { Receiving } from "../flow-control/receiving.js";
import { writeSettings } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";
import { Setting } from "../settings.js";
import type { StreamTable } from "../stream/stream-table.js";
import { PingKind, type Pings } from "./pings.js";

/** Lets a peer send more at once where our windows hold it back: a PING amid its data tells what the road holds. */
export class WindowGrowth {
  readonly #bandwidth = new Bandwidth();
  readonly #receiving: Receiving;
  readonly #streams: StreamTable;
  readonly #outbox: Outbox;
  readonly #pings: Pings;
  readonly #clock: Clock;

  constructor(receiving: Receiving, streams: StreamTable, outbox: Outbox, pings: Pings, clock: Clock) {
    this.#receiving = receiving;
    this.#streams = streams;
    this.#outbox = outbox;
    this.#pings = pings;
    this.#clock = clock;
  }

  /** Data came: perhaps it is time to measure. */
  onData(): void {
    if (this.#bandwidth.isDue(this.#receiving.readBytes)) this.#measure();
  }

  /** Something else than our PING was answered. */
  onAnswer(afterMs: number): void {
    this.#bandwidth.answered(afterMs);
  }

  /** Our PING was answered. */
  onPingAnswer(): void {
    const { readBytes, streamWindow } = this.#receiving;
    const window = this.#bandwidth.end(this.#clock.now(), readBytes, streamWindow);
    if (window === undefined) return;
    this.#receiving.grow(window, this.#streams.all());
    writeSettings(this.#outbox, [[Setting.INITIAL_WINDOW_SIZE, window]]);
  }

  #measure(): void {
    this.#bandwidth.begin(this.#clock.now(), this.#receiving.readBytes);
    this.#pings.send(PingKind.bandwidth);
  }
}
