import type { Pings } from "./pings.js";

/** What gRPC's own servers allow where nobody told them otherwise (gRFC A8). */
export const usualPingIntervalMs: number = 5 * 60_000;

/** So many come too early before a server minds, one of them already under way when it last spoke. */
const forgivenPings = 2;

/** Two PINGs may arrive closer to each other than they were sent. */
const slackMs = 1000;

export interface PingPaceOptions {
  readonly keepaliveMs: number;
  readonly probesSparingly: boolean;
}

/**
 * How often a client asks a silent server for a sign of life: every `keepaliveMs` at first, and once the server would
 * mind as seldom as it allows (gRFC A8).
 */
export class PingPace {
  readonly #options: PingPaceOptions;
  readonly #pings: Pings;
  #allowedMs: number;

  constructor(options: PingPaceOptions, pings: Pings) {
    this.#options = options;
    this.#pings = pings;
    this.#allowedMs = options.probesSparingly ? usualPingIntervalMs + slackMs : 0;
  }

  /** The server has said how often it may be asked, in ms. */
  allow(intervalMs: number): void {
    this.#allowedMs = intervalMs === 0 ? 0 : intervalMs + slackMs;
  }

  /** How long the server may be silent before it is asked, or asked again. */
  get silenceMs(): number {
    const { keepaliveMs } = this.#options;
    return this.#pings.unheard < forgivenPings ? keepaliveMs : Math.max(keepaliveMs, this.#allowedMs);
  }
}
