import { AsyncLocalStorage } from "node:async_hooks";
import type { Logger, RegistryMonitor } from "../contract/contract.js";
import { type Clock, systemClock } from "../time/time.js";
import { closedError } from "./failures.js";
import { checkServiceName } from "./instance-message.js";
import type { Snapshot, Watch } from "./registry.js";
import { type Follow, ServiceView } from "./service-view.js";

export interface WatchersOptions {
  readonly registryName: string;
  readonly follow: Follow;
  readonly logger: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: nobody is told. */
  readonly monitor?: RegistryMonitor;
  /** How long those who are missing when the backend is back are still believed in, in ms. Default: 10 000. */
  readonly settleMs?: number;
}

/**
 * Everybody who watches services through one registry. A service is followed once, from its first watcher to its last;
 * who comes later begins with what is known already.
 */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #views = new Map<string, ServiceView>();
  readonly #ending = new Set<Promise<void>>();
  /** What goes on in the background belongs to no call, even where a handler asked for it and its deadline passes. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
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
    const { logger, clock = systemClock, monitor = () => {}, settleMs = 10_000 } = this.#options;
    const outsideCalls = this.#outsideCalls;
    const view = new ServiceView({ service, clock, logger, monitor, settleMs, outsideCalls });
    outsideCalls(() => view.start(this.#options.follow));
    this.#views.set(service, view);
    return view;
  }

  #end(view: ServiceView): Promise<void> {
    if (this.#views.get(view.service) === view) this.#views.delete(view.service);
    const ending = view.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return ending;
  }
}
