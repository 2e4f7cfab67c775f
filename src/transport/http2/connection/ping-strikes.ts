import type { Clock } from "../../../time/time.js";
import { ConnectionError, Http2Code } from "../errors.js";

/** As gRPC's servers have it: so many are forgiven. */
const maxPingStrikes = 2;

/** gRFC A8: a client that pings more often than allowed, and is sent nothing in between, is told so and loses the connection. */
export class PingStrikes {
  readonly #clock: Clock;
  readonly #minIntervalMs: number;
  #strikes = 0;
  #pingedAt = Number.NEGATIVE_INFINITY;

  /** @param minIntervalMs between PINGs; 0 allows all */
  constructor(clock: Clock, minIntervalMs: number) {
    this.#clock = clock;
    this.#minIntervalMs = minIntervalMs;
  }

  /** A PING came. @param spoke whether data or header fields were sent since the last one. @throws ConnectionError */
  count(spoke: boolean): void {
    const now = this.#clock.now();
    const early = !spoke && now - this.#pingedAt < this.#minIntervalMs;
    this.#pingedAt = now;
    this.#strikes = early ? this.#strikes + 1 : 0;
    if (this.#strikes > maxPingStrikes) throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, "too_many_pings");
  }
}
