import { AsyncLocalStorage } from "node:async_hooks";
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
import { toRpcError, zookeeperHint } from "./failures.js";
import { Nodes } from "./nodes.js";
import { type ResolvedZooKeeperOptions, resolveZooKeeperOptions, type ZooKeeperRegistryOptions } from "./options.js";
import { ZooKeeperRegistrar } from "./registrar.js";
import { ServiceWatch } from "./service-watch.js";
import { Session } from "./session.js";

export type { ZooKeeperRegistryOptions } from "./options.js";

/**
 * A registry in ZooKeeper (3.4 or newer): an ephemeral node an instance, all of one session. Needs no package.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function zookeeperRegistry(options: ZooKeeperRegistryOptions): Registry {
  return new ZooKeeperRegistry(resolveZooKeeperOptions(options));
}

class ZooKeeperRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #options: ResolvedZooKeeperOptions;
  readonly #session: Session;
  readonly #nodes: Nodes;
  readonly #registrar: ZooKeeperRegistrar;
  readonly #watchers: Watchers;
  /** What goes on in the background belongs to no call. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedZooKeeperOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    const session = new Session(options);
    const nodes = new Nodes(options);
    this.name = name;
    this.#options = options;
    this.#session = session;
    this.#nodes = nodes;
    this.#registrar = new ZooKeeperRegistrar(session, options, nodes);
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs: ttlMs,
      follow: (feed) => {
        const watch = new ServiceWatch(feed, session, nodes, options);
        watch.start();
        return () => watch.close();
      },
    });
  }

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#outsideCalls(() => this.#registrar.register(instance, options));
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    this.#nodes.ofService(service);
    return this.#outsideCalls(() => this.#watchers.watch(service, onSnapshot));
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      return summarize(await this.#outsideCalls(() => this.#everybody()));
    } catch (reason) {
      throw notListedError(this.name, toRpcError(reason, this.#options), zookeeperHint);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #everybody(): Promise<readonly Instance[]> {
    const connection = await this.#session.connection();
    const below = async (path: string) => ((await connection.children(path)) ?? []).map((name) => `${path}/${name}`);
    const paths = (await Promise.all((await below(this.#nodes.prefix)).map(below))).flat();
    const read = async (path: string) => {
      const data = (await connection.data(path))?.data;
      return (data && this.#nodes.read(path, data, silentLogger)) ?? [];
    };
    return (await Promise.all(paths.map(read))).flat();
  }

  async #end(): Promise<void> {
    await Promise.all([this.#registrar.close(), this.#watchers.close()]);
    await this.#session.close();
  }
}
