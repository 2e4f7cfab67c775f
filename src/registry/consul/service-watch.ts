import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { sleep } from "../../time/time.js";
import { reasonOf } from "../failures.js";
import { LeftOut } from "../left-out.js";
import { markInterrupted } from "../mark-interrupted.js";
import { healthyMs } from "../reconnect-backoff.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import type { ConsulApi, Health } from "./api.js";
import type { ResolvedConsulOptions } from "./options.js";
import { fromEntry, type HealthEntry } from "./records.js";

/** A service that changes all the time, or a Consul that answers at once, is asked this often and no more. */
const leastGapMs = 50;

/** Follows one service by blocking queries, one at a time: each is held until there is news since the last. */
export class ServiceWatch {
  readonly #feed: Feed;
  readonly #api: ConsulApi;
  readonly #options: ResolvedConsulOptions;
  readonly #leftOut: LeftOut;
  readonly #upkeep = new Upkeep();

  constructor(feed: Feed, api: ConsulApi, options: ResolvedConsulOptions) {
    this.#feed = feed;
    this.#api = api;
    this.#options = options;
    this.#leftOut = new LeftOut(options.logger, { service: feed.service });
  }

  start(): void {
    this.#upkeep.start((well) => this.#follow(well), {
      ...this.#options,
      what: `watch of ${this.#feed.service}`,
      healthyMs,
      onEnd: () => markInterrupted(this.#feed, this.#options),
      early: (signal) => this.#api.untilBack(signal),
    });
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  async #follow(well: () => void): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#upkeep;
    let index: number | undefined;
    while (!signal.aborted) {
      const askedAt = clock.now();
      const health = await this.#api.health(this.#feed.service, { ...(index !== undefined && { index }), signal });
      if (signal.aborted) return;
      // An index that goes backwards is that of a Consul with another history.
      const restarted = index !== undefined && health.index < index;
      if (restarted) markInterrupted(this.#feed, this.#options);
      if (health.index === index) this.#feed.confirm();
      else this.#take(health);
      well();
      index = restarted ? undefined : Math.max(1, health.index); // 0 would not be held
      await sleep(clock, leastGapMs - (clock.now() - askedAt), signal);
    }
  }

  #take({ entries, filtered }: Health): void {
    const { monitor, name } = this.#options;
    const { service } = this.#feed;
    if (filtered && entries.length === 0) {
      throw new RpcError(
        Code.PERMISSION_DENIED,
        `${name}: the token may not read ${service}; grant it service and node read`,
      );
    }
    monitor({ type: "changes", service, count: 1 });
    const reasons: string[] = filtered ? [`the token may not read all of ${service}`] : [];
    const instances = readEntries(service, entries, (reason) => reasons.push(reason));
    this.#leftOut.report(reasons);
    this.#feed.publish(instances);
  }
}

/**
 * Who they are, by id. Where two say that they are the same, one of them has been started anew on another node, and the
 * one that was started later is believed.
 *
 * @param onNonsense is told of every entry that is left out, and why
 */
export function readEntries(
  service: string,
  entries: readonly HealthEntry[],
  onNonsense: (reason: string) => void = () => {},
): readonly Instance[] {
  const byId = new Map<string, Instance>();
  for (const entry of entries) {
    try {
      const instance = fromEntry(service, entry);
      const other = byId.get(instance.id);
      if (other === undefined || other.startedAt < instance.startedAt) byId.set(instance.id, instance);
    } catch (error) {
      onNonsense(`${entry?.Service?.ID}: ${reasonOf(error, "")}`);
    }
  }
  return [...byId.values()];
}
