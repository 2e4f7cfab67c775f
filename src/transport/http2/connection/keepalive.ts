import type { Clock, Timer } from "../../../time/time.js";

export interface KeepaliveOptions {
  /** 0 turns it off. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
}

/** Whose peer is watched. */
export interface Probing {
  /** How long it may be silent before it is asked, in ms; `keepaliveMs` or more. */
  readonly silenceMs: number;
  /** Asks the peer for a sign of life. */
  probe(): void;
  /** The peer gave none. */
  onDead(): void;
}

/** Finds out whether a silent peer still lives, while calls run (gRFC A8). */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #probed: Probing;
  #heardAt: number;
  #timer: Timer | undefined;
  #probing = false;

  constructor(options: KeepaliveOptions, probed: Probing) {
    this.#options = options;
    this.#probed = probed;
    this.#heardAt = options.clock.now();
  }

  /** A call began. */
  watch(): void {
    if (this.#timer !== undefined || this.#options.keepaliveMs === 0) return;
    this.#heardAt = this.#options.clock.now();
    this.#wait(this.#options.keepaliveMs);
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = this.#options.clock.now();
    if (!this.#probing) return;
    this.rest();
    this.#wait(this.#options.keepaliveMs);
  }

  /** No call runs any more. */
  rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#probing = false;
  }

  #wait(ms: number): void {
    this.#timer = this.#options.clock.timer(ms, () => this.#check(), true);
  }

  #check(): void {
    this.#timer = undefined;
    const { keepaliveTimeoutMs, clock } = this.#options;
    if (this.#probing) {
      this.#probed.onDead();
      return;
    }
    const leftMs = this.#heardAt + this.#probed.silenceMs - clock.now();
    if (leftMs > 0) {
      this.#wait(leftMs);
      return;
    }
    this.#probing = true;
    this.#probed.probe();
    this.#wait(keepaliveTimeoutMs);
  }
}
