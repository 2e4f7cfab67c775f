import type { Clock } from "../../../time/time.js";
import { ConnectionError, Http2Code } from "../errors.js";
import type { Outbox } from "../outbox.js";

/** What a peer may do of what costs us and carries nothing, in one go. */
const burst = 2000;

/** And how much of that it may do again, a second. */
const perSecond = 500;

/** What a peer may leave unread of what its own frames make us answer. */
const maxUnsentBytes = 4 * 1024 * 1024;

/**
 * How long a peer is borne with: resets, empty frames, settings, errors of single streams are all allowed by the protocol
 * and all a way to keep us busy for nothing. Each costs a token; a client whose deadlines pass 400 times a second stays
 * below what flows back. Nor does it keep our answers to such frames waiting without end.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  #tokens = burst;
  #filledAt: number;

  constructor(clock: Clock, outbox: Outbox) {
    this.#clock = clock;
    this.#outbox = outbox;
    this.#filledAt = clock.now();
  }

  earn(tokens = 1): void {
    if (this.#tokens < burst) this.#tokens += tokens;
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM where there was too much of it */
  spend(what: string, tokens = 1): void {
    this.#tokens -= tokens;
    if (this.#tokens < 0) this.#refill();
    if (this.#tokens < 0) throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, `too many ${what}`);
  }

  /** After an answer. @throws ConnectionError ENHANCE_YOUR_CALM for a peer that does not read what we answer */
  checkRead(): void {
    if (this.#outbox.unsentBytes <= maxUnsentBytes) return;
    throw new ConnectionError(Http2Code.ENHANCE_YOUR_CALM, "the answers to its own frames are not read");
  }

  #refill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
  }
}
