import { sleep } from "../../time/time.js";
import type { InstanceTable } from "../instance-table.js";
import { joinSignals } from "../join-signals.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import type { Link } from "./link.js";
import { instanceName, subtypeName } from "./names.js";
import { healthyMs, type ResolvedMdnsOptions } from "./options.js";

/** Between two questions (RFC 6762 §5.2: each wait at least twice the last, up to an hour; here a minute). */
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/** Follows one service: asks who is there, ever more seldom, and tells of whom is heard. */
export class Browser {
  readonly #feed: Feed;
  readonly #link: Link;
  readonly #table: InstanceTable;
  readonly #options: ResolvedMdnsOptions;
  readonly #upkeep = new Upkeep();
  /** Those who are there have had the time to answer. */
  #asked = false;
  #unfollow: () => void = () => {};

  constructor(feed: Feed, link: Link, table: InstanceTable, options: ResolvedMdnsOptions) {
    this.#feed = feed;
    this.#link = link;
    this.#table = table;
    this.#options = options;
  }

  start(): void {
    const { service } = this.#feed;
    this.#unfollow = this.#table.onChange(service, () => this.#publish());
    this.#upkeep.start((well) => this.#browse(well), {
      ...this.#options,
      what: `watch of ${service}`,
      healthyMs,
      onEnd: () => this.#options.monitor({ type: "watch-restart", service }),
    });
  }

  close(): Promise<void> {
    this.#unfollow();
    return this.#upkeep.close();
  }

  async #browse(well: () => void): Promise<void> {
    const { browseMs, clock, random } = this.#options;
    const away = new AbortController();
    const deaf = this.#link.onAway((error) => {
      this.#asked = false;
      this.#feed.markStale();
      away.abort(error);
    });
    const { signal, release } = joinSignals(this.#upkeep.signal, away.signal);
    try {
      for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
        await this.#ask();
        well();
        await sleep(clock, browseMs, signal);
        signal.throwIfAborted();
        this.#asked = true;
        this.#publish();
        await sleep(clock, Math.max(0, waitMs * (1 + 0.1 * random()) - browseMs), signal);
        signal.throwIfAborted();
      }
    } finally {
      deaf();
      release();
    }
  }

  #ask(): Promise<void> {
    const { service } = this.#feed;
    const name = subtypeName(service);
    const ttl = this.#options.ttlMs / 1_000;
    const known = this.#table.of(service).slice(0, mostKnown);
    return this.#link.query(
      [{ name, type: "PTR" }],
      known.map(({ id }) => ({ type: "PTR", name, ttl, data: instanceName(id) })),
    );
  }

  #publish(): void {
    if (this.#asked) this.#feed.publish(this.#table.of(this.#feed.service));
  }
}

/** As many known answers as fit into a message; the others are told again, which does no harm. */
const mostKnown = 8;
