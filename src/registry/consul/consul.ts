import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance } from "../../contract/contract.js";
import { closedError, notListedError, registeredTwiceError } from "../failures.js";
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
import { type ConsulRegistryOptions, consulHint, type ResolvedConsulOptions, resolveConsulOptions } from "./options.js";
import { checkName } from "./records.js";
import { ConsulRegistration } from "./registration.js";
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
  readonly #options: ResolvedConsulOptions;
  readonly #api: ConsulApi;
  readonly #registrations = new Map<string, ConsulRegistration>();
  readonly #ending = new Set<Promise<void>>();
  readonly #watchers: Watchers;
  /** What goes on in the background belongs to no call. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedConsulOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    const api = new ConsulApi(options);
    this.name = name;
    this.#options = options;
    this.#api = api;
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

  async register(instance: Instance, options: RegisterOptions = {}): Promise<Registration> {
    const { timeoutMs = 10_000, wait = true } = options;
    const { id } = instance;
    const forget = (): void => this.#forget(id, registration);
    const registration: ConsulRegistration = new ConsulRegistration(instance, this.#api, this.#options, forget);
    if (this.#closed !== undefined) throw closedError(this.name);
    if (this.#registrations.has(id)) throw registeredTwiceError(this.name, id);
    this.#registrations.set(id, registration);
    this.#outsideCalls(() => registration.start());
    if (!wait) return registration;
    try {
      await registration.publication.registered(timeoutMs);
    } catch (error) {
      this.#forget(id, registration);
      this.#endLater(registration.close());
      throw error;
    }
    return registration;
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    checkName(service);
    return this.#outsideCalls(() => this.#watchers.watch(service, onSnapshot));
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
    for (const registration of this.#registrations.values()) this.#endLater(registration.close());
    await Promise.all([...this.#ending, this.#watchers.close()]);
    await this.#api.close();
  }

  #forget(id: string, registration: ConsulRegistration): void {
    if (this.#registrations.get(id) === registration) this.#registrations.delete(id);
  }

  #endLater(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}
