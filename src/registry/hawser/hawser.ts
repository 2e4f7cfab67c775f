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
import { Watchers } from "../watchers.js";
import { type HawserRegistryOptions, hawserHint, type ResolvedHawserOptions, resolveHawserOptions } from "./options.js";
import { HawserRegistration } from "./registration.js";
import { HawserWatch } from "./watch.js";

export { RegistryServiceDefinition } from "../../gen/hawser/registry/v1/registry.js";
export { type RegistryHandlersOptions, registryHandlers } from "./handlers.js";
export type { HawserRegistryOptions } from "./options.js";

/**
 * A registry kept by a Hawser server: `hawser registry`, or any server that serves `registryHandlers()`.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function hawserRegistry(options: HawserRegistryOptions): Registry {
  return new HawserRegistry(resolveHawserOptions(options));
}

class HawserRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #options: ResolvedHawserOptions;
  readonly #registrations = new Map<string, HawserRegistration>();
  readonly #ending = new Set<Promise<void>>();
  readonly #watchers: Watchers;
  /** What goes on in the background belongs to no call, even where a handler asked for it and its deadline passes. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedHawserOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    this.name = name;
    this.#options = options;
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs: ttlMs,
      follow: (feed) => {
        const watch = new HawserWatch(feed, options);
        watch.start();
        return () => watch.close();
      },
    });
  }

  async register(instance: Instance, options: RegisterOptions = {}): Promise<Registration> {
    const { timeoutMs = 10_000, wait = true } = options;
    const { id } = instance;
    const registration = new HawserRegistration(instance, this.#options, () => this.#forget(id, registration));
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
    return this.#outsideCalls(() => this.#watchers.watch(service, onSnapshot));
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      return (await this.#options.client.list({})).services;
    } catch (cause) {
      throw notListedError(this.name, cause, hawserHint);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    for (const registration of this.#registrations.values()) this.#endLater(registration.close());
    await Promise.all([...this.#ending, this.#watchers.close()]);
  }

  #forget(id: string, registration: HawserRegistration): void {
    if (this.#registrations.get(id) === registration) this.#registrations.delete(id);
  }

  #endLater(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}
