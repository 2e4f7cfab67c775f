import type { Clock, Timer } from "../../../time/time.js";

export interface KeepaliveOptions {
  /** 0 turns it off. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
  readonly ping: () => void;
  readonly onDead: () => void;
}

/** Finds out whether a silent peer still lives, while calls run (gRFC A8). */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heardAt: number;
  #timer: Timer | undefined;
  #probing = false;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
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
    const { keepaliveMs, keepaliveTimeoutMs, clock, ping, onDead } = this.#options;
    if (this.#probing) {
      onDead();
      return;
    }
    const silentMs = clock.now() - this.#heardAt;
    if (silentMs < keepaliveMs) {
      this.#wait(keepaliveMs - silentMs);
      return;
    }
    this.#probing = true;
    ping();
    this.#wait(keepaliveTimeoutMs);
  }
}
