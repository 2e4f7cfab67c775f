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
import { Watchers } from "../watchers.js";
import { HawserKeeper } from "./keeper.js";
import { type HawserRegistryOptions, hawserHint, type ResolvedHawserOptions, resolveHawserOptions } from "./options.js";
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
  readonly #registrations: Registrations;
  readonly #watchers: Watchers;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedHawserOptions) {
    const { name, logger, clock, monitor, ttlMs } = options;
    this.name = name;
    this.#options = options;
    this.#registrations = new Registrations({
      registryName: name,
      hint: hawserHint,
      clock,
      logger,
      monitor,
      keep: (kept) => new HawserKeeper(kept, options),
    });
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

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#registrations.register(instance, options);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
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
    await Promise.all([this.#registrations.close(), this.#watchers.close()]);
  }
}
