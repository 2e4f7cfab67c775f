import type { Clock, Timer } from "../../../time/time.js";
import { silenceTimer } from "../silence-timer.js";

export interface KeepaliveOptions {
  /** 0 turns it off. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
}

/** Whose peer is watched. */
export interface Probing {
  /** How long after its last sign of life the peer is left in peace, in ms; 0 where it does not mind. */
  readonly pauseMs: number;
  /** Asks the peer for a sign of life. */
  probe(): void;
  /** The peer gave none. */
  onDead(): void;
}

/**
 * Finds out whether a silent peer still lives (gRFC A8). Silence is what calls have had to bear, one after the other too: a
 * peer that is gone is found out however short they are. While none runs, nobody asks, and no time passes.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #probed: Probing;
  /** When something came last. */
  #heardAt: number;
  /** Silence before that of the calls that run. */
  #borneMs = 0;
  /** Since when they bear it; undefined while none runs. */
  #since: number | undefined;
  #timer: Timer | undefined;
  /** Nothing has come since the probe. */
  #probing = false;

  constructor(options: KeepaliveOptions, probed: Probing) {
    this.#options = options;
    this.#probed = probed;
    this.#heardAt = options.clock.now();
  }

  /** A call began. */
  watch(): void {
    if (this.#since !== undefined || this.#options.keepaliveMs === 0) return;
    const now = this.#options.clock.now();
    this.#since = now;
    if (!this.#probing) this.#wait(this.#leftMs(now));
  }

  /** No call runs any more. A probe that is under way is still waited for. */
  rest(): void {
    if (this.#since === undefined) return;
    this.#borneMs += this.#options.clock.now() - this.#since;
    this.#since = undefined;
    if (!this.#probing) this.#timer?.cancel();
  }

  /** Something came. */
  heard(): void {
    const now = this.#options.clock.now();
    this.#heardAt = now;
    this.#borneMs = 0;
    if (this.#since !== undefined) this.#since = now;
    if (!this.#probing) return;
    this.#probing = false;
    this.#timer?.cancel();
    if (this.#since !== undefined) this.#wait(this.#options.keepaliveMs);
  }

  /** The connection is over. */
  close(): void {
    this.#timer?.cancel();
  }

  #wait(ms: number): void {
    this.#timer = this.#options.clock.timer(ms, () => this.#check(), true);
  }

  #check(): void {
    const { keepaliveTimeoutMs, clock } = this.#options;
    const leftMs = this.#leftMs(clock.now());
    if (leftMs > 0) {
      this.#wait(leftMs);
      return;
    }
    this.#probing = true;
    this.#probed.probe();
    this.#timer = silenceTimer(clock, keepaliveTimeoutMs, () => this.#probed.onDead());
  }

  /** Until the peer is to be probed, while calls run. */
  #leftMs(now: number): number {
    const borneMs = this.#borneMs + now - (this.#since as number);
    return Math.max(0, this.#options.keepaliveMs - borneMs, this.#heardAt + this.#probed.pauseMs - now);
  }
}
