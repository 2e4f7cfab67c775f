import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { WatchResponse } from "../../gen/hawser/registry/v1/registry.js";
import { fromMessage } from "../instance-message.js";
import { keepTrying } from "../keep-trying.js";
import type { Feed } from "../service-view.js";
import { Watchdog } from "../watchdog.js";
import { streamEnded, streamFailed } from "./failures.js";
import { healthyMs, type ResolvedHawserOptions } from "./options.js";

/** Follows one service over a stream that is opened again whenever it ends. */
export class HawserWatch {
  readonly #feed: Feed;
  readonly #options: ResolvedHawserOptions;
  readonly #closing = new AbortController();
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
      onEnd: () => this.#interrupted(),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  #interrupted(): void {
    this.#feed.markStale();
    this.#options.monitor({ type: "watch-restart", service: this.#feed.service });
  }

  async #follow(well: () => void): Promise<void> {
    const { client, clock, name, ttlMs } = this.#options;
    const dead = new AbortController();
    const watchdog = new Watchdog(clock, () => dead.abort());
    const signal = AbortSignal.any([this.#closing.signal, dead.signal]);
    watchdog.feed(ttlMs);
    try {
      const call = { signal, timeoutMs: Number.POSITIVE_INFINITY };
      for await (const response of client.watch({ service: this.#feed.service }, call)) {
        watchdog.stop();
        this.#take(response);
        well();
      }
    } catch (reason) {
      if (!dead.signal.aborted) throw streamFailed(name, reason);
      throw new RpcError(Code.UNAVAILABLE, `${name}: no answer for ${ttlMs} ms`, { cause: reason });
    } finally {
      watchdog.stop();
    }
    throw streamEnded(name);
  }

  #take({ instances }: WatchResponse): void {
    if (this.#closing.signal.aborted) return;
    const { monitor } = this.#options;
    monitor({ type: "changes", service: this.#feed.service, count: 1 });
    this.#feed.publish(instances.flatMap((message) => this.#read(message) ?? []));
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
