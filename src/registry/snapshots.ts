import { isDeepStrictEqual } from "node:util";
import type { Instance, Logger } from "../contract/contract.js";
import { closedError } from "./failures.js";
import { checkServiceName } from "./instance-message.js";
import type { ServiceSummary, Snapshot, Watch } from "./registry.js";

/** Where a driver puts what it learns of one service; watchers hear of it if it is news to them. */
export interface Feed {
  readonly service: string;
  /** The complete set. @param stale whether it is only the last that was known. Default: false. */
  publish(instances: Iterable<Instance>, stale?: boolean): void;
  /** The backend is away: what was published last, if anything, is stale. */
  markStale(): void;
}

/** Begins to follow a service. The answer ends that, and resolves once nothing of it is left. */
export type Follow = (feed: Feed) => () => Promise<void> | void;

export interface WatchersOptions {
  readonly registryName: string;
  readonly follow: Follow;
  readonly logger: Logger;
}

/**
 * Everybody who watches services through one registry. A service is followed once, from its first watcher to its last;
 * who comes later begins with what is known already.
 */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #views = new Map<string, ServiceView>();
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    checkServiceName(service);
    if (this.#closed) throw closedError(this.#options.registryName);
    const view = this.#views.get(service) ?? this.#open(service);
    const watcher = view.add(onSnapshot);
    let ended: Promise<void> | undefined;
    const close = () => {
      ended ??= view.remove(watcher) ? this.#end(view) : Promise.resolve();
      return ended;
    };
    return { close, [Symbol.asyncDispose]: close };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const view of this.#views.values()) this.#end(view);
    await Promise.all(this.#ending);
  }

  #open(service: string): ServiceView {
    const view = new ServiceView(service, this.#options.logger);
    this.#views.set(service, view);
    view.start(this.#options.follow);
    return view;
  }

  #end(view: ServiceView): Promise<void> {
    if (this.#views.get(view.service) === view) this.#views.delete(view.service);
    const ending = view.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return ending;
  }
}

interface Watcher {
  readonly onSnapshot: (snapshot: Snapshot) => void;
  seen: Snapshot | undefined;
}

/** One service as its watchers see it. Tells them in a microtask, so that what changes together is told once. */
class ServiceView implements Feed {
  readonly service: string;
  readonly #logger: Logger;
  readonly #watchers = new Set<Watcher>();
  #latest: Snapshot | undefined;
  #told: Snapshot | undefined;
  #telling = false;
  #ended: Promise<void> | undefined;
  #stop: () => Promise<void> | void = () => {};

  constructor(service: string, logger: Logger) {
    this.service = service;
    this.#logger = logger;
  }

  start(follow: Follow): void {
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

  publish(instances: Iterable<Instance>, stale = false): void {
    this.#latest = { service: this.service, instances: [...instances].sort(byId), stale };
    this.#tell();
  }

  markStale(): void {
    if (this.#latest !== undefined) this.publish(this.#latest.instances, true);
  }

  end(): Promise<void> {
    this.#watchers.clear();
    this.#ended ??= Promise.resolve(this.#stop());
    return this.#ended;
  }

  #tell(): void {
    if (this.#telling || this.#latest === undefined) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (!isDeepStrictEqual(this.#told, this.#latest)) this.#told = this.#latest;
      const snapshot = this.#told as Snapshot;
      for (const watcher of [...this.#watchers]) {
        if (watcher.seen === snapshot || !this.#watchers.has(watcher)) continue;
        watcher.seen = snapshot;
        try {
          watcher.onSnapshot(snapshot);
        } catch (err) {
          this.#logger.error({ err, service: this.service }, "a watcher of the registry threw");
        }
      }
    });
  }
}

function byId(a: Instance, b: Instance): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** What `list()` says of these instances, by service name. */
export function summarize(instances: Iterable<Instance>): readonly ServiceSummary[] {
  const services = new Map<string, { versions: Set<string>; instances: number }>();
  for (const { service, version } of instances) {
    const summary = services.get(service) ?? { versions: new Set(), instances: 0 };
    services.set(service, summary);
    summary.versions.add(version);
    summary.instances += 1;
  }
  return [...services]
    .map(([name, { versions, instances: count }]) => ({ name, versions: [...versions].sort(), instances: count }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
