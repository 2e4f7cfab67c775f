import { Code } from "../errors/errors.js";
import type { Outcome } from "./selector.js";

/** Worse than any latency: while an instance nobody has measured answers its first call, the others go first. */
const unmeasuredMs = 1e12;
/** An answer within the same tick of the clock took something all the same. */
const leastMs = 0.001;

/** One failure makes an instance look this many times slower than it was, or than is usual … */
const failureFactor = 10;
/** … and failing on and on at most so many times slower than is usual: it outweighs as many calls queued elsewhere. */
const failureLimit = 1000;

/** The order of magnitude of a call to one service, whoever answers: the measure where an instance has none of its own. */
export class UsualLatency {
  #ms = 0;

  get ms(): number {
    return this.#ms || 1;
  }

  observe(ms: number): void {
    this.#ms = this.#ms === 0 ? ms : this.#ms + (ms - this.#ms) / 10;
  }
}

/**
 * What is known of one instance: how long its calls take, and how many are running.
 *
 * The latency is Finagle's peak EWMA (`com.twitter.finagle.loadbalancer.PeakEwma`): a slower answer counts at once and
 * in full, a faster one the more, the longer ago the last was; silence makes it fade, so that who was slow is tried again.
 */
export class Load {
  readonly #decayMs: number;
  readonly #usual: UsualLatency;
  /** 0: not measured. */
  #latencyMs = 0;
  #observedAt = 0;
  #running = 0;
  /** Those of the running calls whose end will tell a latency. */
  #measuring = 0;

  constructor(decayMs: number, usual: UsualLatency) {
    this.#decayMs = decayMs;
    this.#usual = usual;
  }

  /**
   * How long one more call would take, in ms; the less the better. The weight divides the queue and not the call itself:
   * between idle instances it decides how often they are drawn.
   */
  cost(weight: number, now: number): number {
    const queue = (this.#running * 100) / weight;
    if (this.#latencyMs > 0) return this.#latencyMs * this.#kept(now) * (queue + 1);
    return this.#measuring > 0 ? unmeasuredMs + queue : this.#usual.ms * queue;
  }

  /** @param timed whether the end of the call will tell a latency; that of a stream tells none */
  begin(timed: boolean): void {
    this.#running++;
    if (timed) this.#measuring++;
  }

  end(timed: boolean, ms: number, outcome: Outcome, now: number): void {
    this.#running--;
    if (timed) this.#measuring--;
    if (outcome.failed) this.#failed(timed ? ms : 0, now);
    else if (!timed) return;
    else if (outcome.code === Code.CANCELLED || outcome.code === Code.DEADLINE_EXCEEDED) this.#abandoned(ms, now);
    else this.#answered(ms, now);
  }

  #answered(ms: number, now: number): void {
    const kept = this.#kept(now);
    this.#set(ms > this.#latencyMs ? ms : this.#latencyMs * kept + ms * (1 - kept), now);
    this.#usual.observe(ms);
  }

  /** Nobody waited for the answer, which would have taken longer than this: news only where this is long already. */
  #abandoned(ms: number, now: number): void {
    if (ms > Math.max(this.#latencyMs, this.#usual.ms)) this.#set(ms, now);
  }

  /** Failing fast must attract nobody. */
  #failed(ms: number, now: number): void {
    const usualMs = this.#usual.ms;
    const penaltyMs = failureFactor * Math.max(this.#latencyMs * this.#kept(now), usualMs);
    this.#set(Math.max(ms, Math.min(penaltyMs, failureLimit * usualMs)), now);
  }

  #kept(now: number): number {
    return Math.exp((this.#observedAt - now) / this.#decayMs);
  }

  #set(ms: number, now: number): void {
    this.#latencyMs = Math.max(leastMs, ms);
    this.#observedAt = now;
  }
}
