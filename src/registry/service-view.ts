import { isDeepStrictEqual } from "node:util";
import type { Instance, Logger, RegistryMonitor } from "../contract/contract.js";
import type { Clock } from "../time/time.js";
import type { Snapshot } from "./registry.js";
import { Settling } from "./settling.js";

/** Where a driver puts what it learns of one service; watchers hear of it if it is news to them. */
export interface Feed {
  readonly service: string;
  /** The complete set, as the backend has it. */
  publish(instances: Iterable<Instance>): void;
  /**
   * The backend is away: what was published last, if anything, is stale.
   *
   * @param instances what is left of that. Default: all
   */
  markStale(instances?: Iterable<Instance>): void;
  /** The backend says that nothing has changed. For drivers that hear so now and then. */
  confirm(): void;
}

/** Begins to follow a service. The answer ends that, and resolves once nothing of it is left. */
export type Follow = (feed: Feed) => () => Promise<void> | void;

export interface ServiceViewOptions {
  readonly service: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
  /** How long those who are missing after an outage are still believed in, in ms. */
  readonly settleMs: number;
  /** Runs what belongs to no call. */
  readonly outsideCalls: <R>(work: () => R) => R;
}

export interface Watcher {
  readonly onSnapshot: (snapshot: Snapshot) => void;
  seen: Snapshot | undefined;
}

/** One service as its watchers see it. Tells them in a microtask, so that what changes together is told once. */
export class ServiceView implements Feed {
  readonly service: string;
  readonly #options: ServiceViewOptions;
  readonly #settling: Settling;
  readonly #watchers = new Set<Watcher>();
  /** As the backend has said last. */
  #truth: readonly Instance[] = [];
  #latest: Snapshot | undefined;
  #told: Snapshot | undefined;
  #telling = false;
  #ended: Promise<void> | undefined;
  #stop: () => Promise<void> | void = () => {};

  constructor(options: ServiceViewOptions) {
    this.service = options.service;
    this.#options = options;
    this.#settling = new Settling(options.clock, options.settleMs, () => this.#show());
  }

  start(follow: Follow): void {
    this.#options.monitor({ type: "watched", service: this.service });
    this.#stop = follow(this);
  }

  add(onSnapshot: (snapshot: Snapshot) => void): Watcher {
    const watcher: Watcher = { onSnapshot, seen: undefined };
    this.#watchers.add(watcher);
    this.#tell();
    return watcher;
  }

  /** @returns whether that was the last watcher */
  remove(watcher: Watcher): boolean {
    return this.#watchers.delete(watcher) && this.#watchers.size === 0;
  }

  publish(instances: Iterable<Instance>): void {
    if (this.#ended !== undefined) return;
    this.#truth = [...instances];
    this.#show();
    this.confirm();
  }

  markStale(instances: Iterable<Instance> | undefined = this.#latest?.instances): void {
    if (this.#ended !== undefined) return;
    this.#settling.away();
    if (instances !== undefined) this.#replace([...instances], true);
  }

  confirm(): void {
    if (this.#ended !== undefined) return;
    this.#options.monitor({ type: "confirmed", service: this.service });
  }

  end(): Promise<void> {
    this.#watchers.clear();
    if (this.#ended === undefined) {
      this.#settling.stop();
      this.#ended = Promise.resolve(this.#stop());
      this.#options.monitor({ type: "unwatched", service: this.service });
    }
    return this.#ended;
  }

  /** What the backend says, with whoever is not believed to be gone yet. */
  #show(): void {
    const missing = this.#settling.missing(this.#latest?.instances ?? [], this.#truth);
    this.#replace([...this.#truth, ...missing], missing.length > 0);
  }

  #replace(instances: readonly Instance[], stale: boolean): void {
    this.#latest = { service: this.service, instances: [...instances].sort(byId), stale };
    this.#tell();
  }

  #tell(): void {
    if (this.#telling || this.#latest === undefined) return;
    this.#telling = true;
    queueMicrotask(() => this.#options.outsideCalls(() => this.#tellAll()));
  }

  #tellAll(): void {
    this.#telling = false;
    if (this.#ended !== undefined) return;
    if (!isDeepStrictEqual(this.#told, this.#latest)) this.#news(this.#latest as Snapshot);
    const snapshot = this.#told as Snapshot;
    for (const watcher of [...this.#watchers]) {
      if (watcher.seen === snapshot || !this.#watchers.has(watcher)) continue;
      watcher.seen = snapshot;
      try {
        watcher.onSnapshot(snapshot);
      } catch (err) {
        this.#options.logger.error({ err, service: this.service }, "a watcher of the registry threw");
      }
    }
  }

  #news(snapshot: Snapshot): void {
    this.#told = snapshot;
    const { service, instances, stale } = snapshot;
    this.#options.monitor({ type: "snapshot", service, instances: instances.length, stale });
  }
}

function byId(a: Instance, b: Instance): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
