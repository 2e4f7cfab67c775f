import { reasonOf } from "../failures.js";
import type { Registry, Snapshot, Watch } from "../registry.js";
import type { Feed } from "../service-view.js";
import type { ResolvedMultiOptions } from "./options.js";
import { Union } from "./union.js";

/** Follows one service in several registries. Who has not answered yet is waited for, a short while, before half is told. */
export class UnionWatch {
  readonly #feed: Feed;
  readonly #options: ResolvedMultiOptions;
  readonly #union: Union;
  readonly #watches: Watch[] = [];
  readonly #grace: { cancel(): void };
  #graceOver = false;

  constructor(feed: Feed, registries: readonly Registry[], options: ResolvedMultiOptions) {
    this.#feed = feed;
    this.#options = options;
    this.#union = new Union(registries.length);
    this.#grace = options.clock.timer(options.graceMs, () => {
      this.#graceOver = true;
      this.#tell();
    });
    for (const [index, registry] of registries.entries()) this.#watch(registry, index);
  }

  async close(): Promise<void> {
    this.#grace.cancel();
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }

  #watch(registry: Registry, index: number): void {
    try {
      this.#watches.push(registry.watch(this.#feed.service, (snapshot) => this.#hear(index, snapshot)));
    } catch (error) {
      const { service } = this.#feed;
      this.#options.logger.error({ service }, `not watched in ${registry.name}: ${reasonOf(error, registry.name)}`);
    }
  }

  /** Whoever goes away has told something too, and confirmed nothing. */
  #hear(index: number, snapshot: Snapshot): void {
    const { monitor } = this.#options;
    const { service } = this.#feed;
    this.#union.hear(index, snapshot);
    monitor({ type: "changes", service, count: 1 });
    if (!snapshot.stale) monitor({ type: "confirmed", service });
    this.#tell();
  }

  #tell(): void {
    const ready = this.#union.allHeard || (this.#graceOver && this.#union.someHeard);
    if (!ready) return;
    this.#grace.cancel();
    this.#graceOver = true;
    if (this.#union.stale) this.#feed.markStale(this.#union.instances());
    else this.#feed.publish(this.#union.instances());
  }
}
