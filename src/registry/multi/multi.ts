import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance } from "../../contract/contract.js";
import { closedError, notRegisteredHereError, registeredTwiceError } from "../failures.js";
import { copyInstance } from "../instance-message.js";
import { resolveRegisterOptions } from "../register-options.js";
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
import { withoutEvents } from "../without-events.js";
import { allFailed, enough } from "./enough.js";
import { type MultiRegistryOptions, type ResolvedMultiOptions, resolveMultiOptions } from "./options.js";
import { MultiRegistration } from "./registration.js";
import { UnionWatch } from "./union-watch.js";

export { memberMonitor, wholeMonitor } from "./monitors.js";
export type { MultiRegistryOptions } from "./options.js";

/**
 * Several registries as one: to move from one to another without anybody noticing, or to call what others keep elsewhere.
 *
 * - An instance is registered in all that can register, and counts as registered where one has it: a registry that is away
 *   stops nobody. It gets what it missed when it is back.
 * - Watchers are told the union by id. Of two that know the same id, one that is away yields to one that is not, and else the
 *   first listed counts. The set is stale only while all are away.
 * - `list()` is the union by name. As summaries tell no ids, of several counts the largest is given.
 * - It can what is true of the whole: it registers if one does, leases if all that register do, and pushes if all push.
 * - The registries are given away: `close()` closes them.
 *
 * @throws TypeError or RangeError for what cannot be
 */
export function multiRegistry(registries: readonly Registry[], options: MultiRegistryOptions = {}): Registry {
  return new MultiRegistry([...registries], resolveMultiOptions(registries, options));
}

class MultiRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities;
  readonly #registries: readonly Registry[];
  readonly #registering: readonly Registry[];
  readonly #options: ResolvedMultiOptions;
  readonly #registrations = new Map<string, MultiRegistration>();
  readonly #watchers: Watchers;
  /** What goes on in the background belongs to no call, even where a handler asked for it and its deadline passes. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed: Promise<void> | undefined;

  constructor(registries: readonly Registry[], options: ResolvedMultiOptions) {
    const { name, clock, logger, monitor } = options;
    this.name = name;
    this.#options = options;
    this.#registries = registries;
    this.#registering = registries.filter(({ capabilities }) => capabilities.register);
    this.capabilities = joint(registries, this.#registering);
    this.#watchers = new Watchers({
      registryName: name,
      clock,
      logger,
      monitor: withoutEvents(monitor, "confirmed"), // UnionWatch knows when
      settleMs: 0, // each of them gives those who are missing the time to come back
      follow: (feed) => {
        const watch = new UnionWatch(feed, registries, options);
        return () => watch.close();
      },
    });
  }

  async register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    const resolved = resolveRegisterOptions(this.name, options);
    const copy = copyInstance(instance);
    const { id } = copy;
    if (this.#closed !== undefined) throw closedError(this.name);
    if (this.#registering.length === 0) throw notRegisteredHereError(this.name, "whoever keeps these");
    for (let earlier = this.#registrations.get(id); earlier !== undefined; earlier = this.#registrations.get(id)) {
      if (!earlier.closing) throw registeredTwiceError(this.name, id);
      await earlier.close();
    }
    const registration = new MultiRegistration(copy, this.#registering, this.#options, () => {
      if (this.#registrations.get(id) === registration) this.#registrations.delete(id);
    });
    this.#registrations.set(id, registration);
    try {
      await this.#outsideCalls(() => registration.register(resolved));
    } catch (error) {
      registration.close().catch((err: unknown) => this.#options.logger.error({ err, instance: id }, "not taken out"));
      throw error;
    }
    return registration;
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    const { clock, graceMs } = this.#options;
    const lists = this.#registries.map((each) => each.list());
    try {
      return joined(await enough(lists, clock, graceMs));
    } catch (failure) {
      const names = this.#registries.map((each) => each.name);
      throw allFailed(this.name, "services could not be listed", names, failure);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** All at once: a registration that is still tried ends when its registry closes. */
  async #end(): Promise<void> {
    const registrations = [...this.#registrations.values()].map((each) => each.close());
    await Promise.all([...registrations, this.#watchers.close(), ...this.#registries.map((each) => each.close())]);
  }
}

function joint(registries: readonly Registry[], registering: readonly Registry[]): RegistryCapabilities {
  const leasing = registering.length > 0 ? registering : registries;
  return {
    register: registering.length > 0,
    lease: leasing.every(({ capabilities }) => capabilities.lease),
    watch: registries.every(({ capabilities }) => capabilities.watch === "push") ? "push" : "poll",
  };
}

function joined(lists: readonly (readonly ServiceSummary[])[]): readonly ServiceSummary[] {
  const byName = new Map<string, ServiceSummary>();
  for (const { name, versions, instances } of lists.flat()) {
    const known = byName.get(name);
    byName.set(name, {
      name,
      versions: [...new Set([...(known?.versions ?? []), ...versions])].sort(),
      instances: Math.max(known?.instances ?? 0, instances),
    });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
