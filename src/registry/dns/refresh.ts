import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../contract/contract.js";
import { exponentialBackoff, sleep } from "../../time/time.js";
import { LeftOut } from "../left-out.js";
import { markInterrupted } from "../mark-interrupted.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import type { Found, Lookup } from "./lookup.js";
import { NameServer } from "./name-server.js";
import type { ResolvedDnsOptions } from "./options.js";

/** A name that nobody is behind is asked for again after so many of the shortest times: it says of no time to live. */
const emptyRefreshes = 5;

/** Looks one service up whenever what is known of it has expired. */
export class Refresh {
  readonly #feed: Feed;
  readonly #lookup: Lookup;
  readonly #options: ResolvedDnsOptions;
  readonly #leftOut: LeftOut;
  readonly #upkeep = new Upkeep();
  #instances: readonly Instance[] | undefined;
  #server: NameServer | undefined;

  constructor(feed: Feed, lookup: Lookup, options: ResolvedDnsOptions) {
    this.#feed = feed;
    this.#lookup = lookup;
    this.#options = options;
    this.#leftOut = new LeftOut(options.logger, { service: feed.service });
  }

  start(): void {
    const { random, minRefreshMs, maxRefreshMs } = this.#options;
    this.#upkeep.start((well) => this.#follow(well), {
      ...this.#options,
      what: `lookup of ${this.#feed.service}`,
      backoff: exponentialBackoff({ initialMs: minRefreshMs, maxMs: maxRefreshMs, random }),
      healthyMs: maxRefreshMs,
      onEnd: () => markInterrupted(this.#feed, this.#options),
    });
  }

  close(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#server?.cancel();
    return closed;
  }

  /** Begins with name servers as the system has them now. */
  async #follow(well: () => void): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#upkeep;
    const server = new NameServer(this.#options);
    this.#server = server;
    while (!signal.aborted) {
      const found = await this.#look(server);
      if (signal.aborted) return;
      well();
      this.#take(found);
      await sleep(clock, this.#waitMs(found), signal);
    }
  }

  /** That nobody is there is believed when it is said twice. */
  async #look(server: NameServer): Promise<Found> {
    const { clock, minRefreshMs } = this.#options;
    const found = await this.#lookup(server);
    if (found.instances.length > 0 || this.#instances?.length === 0) return found;
    await sleep(clock, minRefreshMs, this.#upkeep.signal);
    return this.#upkeep.closing ? found : await this.#lookup(server);
  }

  #take({ instances, leftOut }: Found): void {
    const { monitor } = this.#options;
    const { service } = this.#feed;
    this.#leftOut.report(leftOut);
    // Name servers turn the order round with every answer.
    const sorted = instances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    if (!isDeepStrictEqual(sorted, this.#instances)) monitor({ type: "changes", service, count: 1 });
    this.#instances = sorted;
    this.#feed.publish(sorted);
  }

  /** Up to a tenth later than due, so that a thousand clients of a name do not ask for it at the same moment. */
  #waitMs({ instances, ttlMs }: Found): number {
    const { minRefreshMs, maxRefreshMs, random } = this.#options;
    const wantedMs = instances.length === 0 ? emptyRefreshes * minRefreshMs : ttlMs;
    return Math.min(maxRefreshMs, Math.max(minRefreshMs, wantedMs)) * (1 + random() / 10);
  }
}
