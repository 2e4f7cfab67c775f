import { type Instance, silentLogger } from "../../contract/contract.js";
import { closedError, notListedError } from "../failures.js";
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
import type { EtcdApi } from "./api.js";
import { Discovery, parseInstances } from "./discovery.js";
import { etcdHint } from "./failures.js";
import type { Keys } from "./layout.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { RangeWatch } from "./range-watch.js";
import { EtcdRegistrar } from "./registrar.js";

/** Closed by the registry it was made for. */
export interface ClosableEtcdApi extends EtcdApi {
  close(): Promise<void>;
}

/** The registry in whatever etcd it is given: a real one, or the tests' own. */
export class EtcdRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #connection: ClosableEtcdApi;
  readonly #keys: Keys;
  readonly #registrar: EtcdRegistrar;
  readonly #watchers: Watchers;
  #closed: Promise<void> | undefined;

  constructor(connection: ClosableEtcdApi, options: ResolvedEtcdOptions) {
    const { name, logger, clock, monitor, ttlMs, keys } = options;
    this.name = name;
    this.#connection = connection;
    this.#keys = keys;
    this.#registrar = new EtcdRegistrar(connection, options, keys);
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs: ttlMs,
      follow: (feed) => {
        const discovery = new Discovery(feed, keys, logger);
        const watch = new RangeWatch(connection, options, keys.service(feed.service), discovery);
        watch.start();
        return () => watch.close();
      },
    });
  }

  register(instance: Instance, { timeoutMs = 10_000 }: RegisterOptions = {}): Promise<Registration> {
    return this.#registrar.register(instance, timeoutMs);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    const { kvs } = await this.#connection.range(this.#keys.everything()).catch((cause: unknown) => {
      throw notListedError(this.name, cause, etcdHint);
    });
    return summarize(kvs.flatMap(({ key, value }) => parseInstances(this.#keys, key.toString(), value, silentLogger)));
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
