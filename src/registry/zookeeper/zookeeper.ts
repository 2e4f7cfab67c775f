import type { Instance } from "../../contract/contract.js";
import { closedError, notListedError } from "../failures.js";
import { Registrations } from "../registrations.js";
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
import { readChild } from "./child.js";
import { toRpcError, zookeeperHint } from "./failures.js";
import { ZooKeeperKeeper } from "./keeper.js";
import { NodeRemoval } from "./node-removal.js";
import { Nodes } from "./nodes.js";
import { type ResolvedZooKeeperOptions, resolveZooKeeperOptions, type ZooKeeperRegistryOptions } from "./options.js";
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
  readonly #removal: NodeRemoval;
  readonly #registrations: Registrations<ZooKeeperKeeper>;
  readonly #watchers: Watchers;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedZooKeeperOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    const session = new Session(options);
    const nodes = new Nodes(options);
    const removal = new NodeRemoval(session);
    this.name = name;
    this.#options = options;
    this.#session = session;
    this.#nodes = nodes;
    this.#removal = removal;
    this.#registrations = new Registrations({
      registryName: name,
      hint: zookeeperHint,
      clock,
      logger,
      monitor,
      check: (instance) => void nodes.of(instance),
      keep: (kept) => new ZooKeeperKeeper(kept, { session, options, nodes, removal }),
    });
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
    return this.#registrations.register(instance, options);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    this.#nodes.ofService(service);
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      return summarize(await this.#everybody());
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
    const read = async (path: string) => (await readChild(connection, this.#nodes, path))?.instance ?? [];
    return (await Promise.all(paths.map(read))).flat();
  }

  /** The nodes go with the session, and whatever waits for an answer with its connection. */
  async #end(): Promise<void> {
    const leave = async () => {
      const stopping = [...this.#registrations].map((keeper) => keeper.stop());
      await Promise.all([this.#removal.close(), ...stopping]);
    };
    await Promise.all([this.#registrations.close(leave), this.#watchers.close(), this.#session.close()]);
  }
}
