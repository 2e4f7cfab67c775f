import type { Registry, Snapshot, Watch } from "../../src/registry/registry.js";

/** Watches a service and keeps what it is told. */
export class Follower {
  readonly snapshots: Snapshot[] = [];
  readonly #watch: Watch;
  readonly #waiting = new Set<() => void>();

  readonly #read: (id: string) => string;

  /** @param read how an id is seen there. Default: as it was given */
  constructor(registry: Registry, service: string, read: (id: string) => string = (id) => id) {
    this.#read = read;
    this.#watch = registry.watch(service, (snapshot) => {
      this.snapshots.push(snapshot);
      for (const check of this.#waiting) check();
    });
  }

  /** Ids as told last. */
  get ids(): readonly string[] | undefined {
    return this.snapshots.at(-1)?.instances.map((instance) => instance.id);
  }

  /** Resolves with the latest snapshot once it is as wanted, at once where it is already. */
  until(wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    return new Promise((resolve) => {
      const check = () => {
        const latest = this.snapshots.at(-1);
        if (latest === undefined || !wanted(latest)) return;
        this.#waiting.delete(check);
        resolve(latest);
      };
      this.#waiting.add(check);
      check();
    });
  }

  untilIds(...ids: readonly string[]): Promise<Snapshot> {
    return this.until(({ instances }) => instances.map((each) => each.id).join() === ids.map(this.#read).join());
  }

  close(): Promise<void> {
    return this.#watch.close();
  }
}
