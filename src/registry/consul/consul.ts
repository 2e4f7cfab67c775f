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
import { ConsulApi } from "./api.js";
import { ConsulKeeper } from "./keeper.js";
import { type ConsulRegistryOptions, consulHint, type ResolvedConsulOptions, resolveConsulOptions } from "./options.js";
import { checkName, toRecord } from "./records.js";
import { readEntries, ServiceWatch } from "./service-watch.js";

export type { ConsulRegistryOptions, ConsulTls } from "./options.js";

/**
 * A registry in Consul (1.7 or newer), over the HTTP API of an agent. Reads services that others have registered too.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function consulRegistry(options: ConsulRegistryOptions = {}): Registry {
  return new ConsulRegistry(resolveConsulOptions(options));
}

/** How many services `list()` asks for at a time. */
const listedAtOnce = 16;

/** Consul's servers register themselves, as nobody's service. */
const consulItself = "consul";

class ConsulRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #api: ConsulApi;
  readonly #registrations: Registrations;
  readonly #watchers: Watchers;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedConsulOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    const api = new ConsulApi(options);
    this.name = name;
    this.#api = api;
    this.#registrations = new Registrations({
      registryName: name,
      hint: consulHint,
      clock,
      logger,
      monitor,
      check: (instance) => void toRecord(instance),
      keep: (kept) => new ConsulKeeper(kept, api, options),
    });
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs: ttlMs,
      follow: (feed) => {
        const watch = new ServiceWatch(feed, api, options);
        watch.start();
        return () => watch.close();
      },
    });
  }

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#registrations.register(instance, options);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    checkName(service);
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      return summarize(await this.#everybody());
    } catch (reason) {
      throw notListedError(this.name, reason, consulHint);
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
    const names = (await this.#api.services()).filter((name) => name !== consulItself);
    const found: Instance[] = [];
    while (names.length > 0) {
      const some = names.splice(0, listedAtOnce);
      const read = async (name: string) => readEntries(name, (await this.#api.health(name)).entries);
      found.push(...(await Promise.all(some.map(read))).flat());
    }
    return found;
  }

  async #end(): Promise<void> {
    await Promise.all([this.#registrations.close(), this.#watchers.close()]);
    await this.#api.close();
  }
}
