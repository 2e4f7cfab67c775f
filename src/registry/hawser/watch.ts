import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { WatchResponse } from "../../gen/hawser/registry/v1/registry.js";
import type { Timer } from "../../time/time.js";
import { fromMessage } from "../instance-message.js";
import { keepTrying } from "../keep-trying.js";
import type { Feed } from "../snapshots.js";
import { Watchdog } from "../watchdog.js";
import { streamEnded, streamFailed } from "./failures.js";
import { healthyMs, type ResolvedHawserOptions } from "./options.js";

/**
 * How long who is missing after a reconnect is still believed in: a registry that was started anew knows nobody until
 * everybody has come back to it. Twice the longest wait between two tries of a registration.
 */
const graceMs = 10_000;

/** Follows one service over a stream that is opened again whenever it ends. */
export class HawserWatch {
  readonly #feed: Feed;
  readonly #options: ResolvedHawserOptions;
  readonly #closing = new AbortController();
  #known = new Map<string, Instance>();
  /** Known from before the reconnect, and not yet seen since. */
  #missing = new Map<string, Instance>();
  #grace: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(feed: Feed, options: ResolvedHawserOptions) {
    this.#feed = feed;
    this.#options = options;
  }

  start(): void {
    const { backoff, clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#follow(well), {
      what: `watch of ${this.#feed.service}`,
      clock,
      logger,
      backoff,
      healthyMs,
      signal: this.#closing.signal,
      onEnd: () => this.#feed.markStale(),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #follow(well: () => void): Promise<void> {
    const { client, clock, name, ttlMs } = this.#options;
    const dead = new AbortController();
    const watchdog = new Watchdog(clock, () => dead.abort());
    const signal = AbortSignal.any([this.#closing.signal, dead.signal]);
    watchdog.feed(ttlMs);
    let first = true;
    try {
      const call = { signal, timeoutMs: Number.POSITIVE_INFINITY };
      for await (const response of client.watch({ service: this.#feed.service }, call)) {
        watchdog.stop();
        if (first) this.#beginGrace();
        first = false;
        this.#take(response);
        well();
      }
    } catch (reason) {
      if (!dead.signal.aborted) throw streamFailed(name, reason);
      throw new RpcError(Code.UNAVAILABLE, `${name}: no answer for ${ttlMs} ms`, { cause: reason });
    } finally {
      watchdog.stop();
      this.#grace?.cancel();
    }
    throw streamEnded(name);
  }

  #beginGrace(): void {
    this.#missing = new Map(this.#known);
    this.#grace = this.#options.clock.timer(graceMs, () => {
      for (const id of this.#missing.keys()) this.#known.delete(id);
      this.#missing.clear();
      this.#publish();
    });
  }

  #take({ instances }: WatchResponse): void {
    const now = new Map<string, Instance>();
    for (const message of instances) {
      const instance = this.#read(message);
      if (instance === undefined) continue;
      now.set(instance.id, instance);
      this.#missing.delete(instance.id);
    }
    this.#known = new Map([...this.#missing, ...now]);
    this.#publish();
  }

  #publish(): void {
    if (!this.#closing.signal.aborted) this.#feed.publish(this.#known.values(), this.#missing.size > 0);
  }

  #read(message: WatchResponse["instances"][number]): Instance | undefined {
    try {
      return fromMessage(message);
    } catch (err) {
      this.#options.logger.warn({ err, service: this.#feed.service }, "left out of the registry: no instance");
      return undefined;
    }
  }
}
