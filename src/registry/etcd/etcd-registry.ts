import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance } from "../../contract/contract.js";
import { closedError, notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import type {
  RegisterOptions,
  Registration,
  Registry,
  RegistryCapabilities,
  ServiceSummary,
  Snapshot,
  Watch,
} from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import type { EtcdApi, KeyRange } from "./api.js";
import { etcdHint } from "./connection/failures.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { EtcdRegistrar } from "./registration/registrar.js";
import { Discovery, parseInstances } from "./watch/discovery.js";
import type { RangeObserver } from "./watch/range-observer.js";
import { RangeWatch } from "./watch/range-watch.js";
import { WatchHub } from "./watch/watch-hub.js";

/** Closed by the registry it was made for. */
export interface ClosableEtcdApi extends EtcdApi {
  close(): Promise<void>;
}

/** The registry in whatever etcd it is given: a real one, or the tests' own. */
export class EtcdRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #connection: ClosableEtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #registrar: EtcdRegistrar;
  readonly #watchers: Watchers;
  /** A connection that is made because a call asks for it belongs to no call. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed: Promise<void> | undefined;

  constructor(connection: ClosableEtcdApi, options: ResolvedEtcdOptions) {
    const { name, logger, clock, monitor, settleMs, keys } = options;
    const hub = new WatchHub(connection, options);
    const watching = (range: KeyRange, observer: RangeObserver) => {
      return new RangeWatch({ api: connection, hub, options, range, observer, what: `watch of ${range.key}` });
    };
    this.name = name;
    this.#connection = connection;
    this.#options = options;
    this.#registrar = new EtcdRegistrar({ api: connection, options, watching });
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs,
      follow: followBy((feed) => watching(keys.service(feed.service), new Discovery(feed, options))),
    });
  }

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#registrar.register(instance, options);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    const everything = this.#options.keys.everything();
    const asked = this.#outsideCalls(() => this.#connection.range(everything));
    const { kvs } = await asked.catch((cause: unknown) => {
      throw notListedError(this.name, cause, etcdHint);
    });
    return summarize(kvs.flatMap(({ key, value }) => parseInstances(key.toString(), value, this.#options)));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    await Promise.all([this.#registrar.close(), this.#watchers.close()]);
    await this.#connection.close();
  }
}
