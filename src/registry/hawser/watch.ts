import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { WatchResponse } from "../../gen/hawser/registry/v1/registry.js";
import { fromMessage } from "../instance-message.js";
import { joinSignals } from "../join-signals.js";
import { LeftOut } from "../left-out.js";
import { markInterrupted } from "../mark-interrupted.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import { Watchdog } from "../watchdog.js";
import { streamEnded, streamFailed } from "./failures.js";
import { healthyMs, type ResolvedHawserOptions } from "./options.js";

/** Follows one service over a stream that is opened again whenever it ends, or gives no sign of life. */
export class HawserWatch {
  readonly #feed: Feed;
  readonly #options: ResolvedHawserOptions;
  readonly #leftOut: LeftOut;
  readonly #upkeep = new Upkeep();

  constructor(feed: Feed, options: ResolvedHawserOptions) {
    this.#feed = feed;
    this.#options = options;
    this.#leftOut = new LeftOut(options.logger, { service: feed.service });
  }

  start(): void {
    this.#upkeep.start((well) => this.#follow(well), {
      ...this.#options,
      what: `watch of ${this.#feed.service}`,
      healthyMs,
      onEnd: () => markInterrupted(this.#feed, this.#options),
    });
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  async #follow(well: () => void): Promise<void> {
    const { client, clock, name, ttlMs } = this.#options;
    const { service } = this.#feed;
    const dead = new AbortController();
    let patienceMs = ttlMs;
    const watchdog = new Watchdog(clock, () => dead.abort());
    const { signal, release } = joinSignals(this.#upkeep.signal, dead.signal);
    watchdog.feed(patienceMs);
    try {
      const call = { signal, timeoutMs: Number.POSITIVE_INFINITY };
      // A server that stands still is noticed before its leases can run out.
      for await (const response of client.watch({ service, heartbeatMs: Math.ceil(ttlMs / 3) }, call)) {
        patienceMs = 2 * response.heartbeatMs;
        // An older server gives no signs of life.
        if (patienceMs > 0) watchdog.feed(patienceMs);
        else watchdog.stop();
        this.#take(response);
        well();
      }
    } catch (reason) {
      if (!dead.signal.aborted) throw streamFailed(name, reason);
      throw new RpcError(Code.UNAVAILABLE, `${name}: no answer for ${patienceMs} ms`, { cause: reason });
    } finally {
      watchdog.stop();
      release();
    }
    throw streamEnded(name);
  }

  #take({ instances, unchanged }: WatchResponse): void {
    if (this.#upkeep.closing) return;
    if (unchanged) {
      this.#feed.confirm();
      return;
    }
    const { monitor } = this.#options;
    monitor({ type: "changes", service: this.#feed.service, count: 1 });
    const reasons: string[] = [];
    this.#feed.publish(instances.flatMap((message) => read(message, (reason) => reasons.push(reason)) ?? []));
    this.#leftOut.report(reasons);
  }
}

function read(message: WatchResponse["instances"][number], leftOut: (reason: string) => void): Instance | undefined {
  try {
    return fromMessage(message);
  } catch (reason) {
    leftOut(reason instanceof Error ? reason.message : String(reason));
    return undefined;
  }
}
