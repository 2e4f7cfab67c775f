import { type Instance, type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";
import { closedError } from "../failures.js";
import { guarded } from "../guarded-monitor.js";
import { InstanceTable, type TableEntry } from "../instance-table.js";
import type { Keeper, Kept } from "../kept-registration.js";
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
import { withoutEvents } from "../without-events.js";

export interface MemoryRegistryOptions {
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A registry inside this process, for services that all live in it and for tests. Never away, so never stale. */
export function memoryRegistry(options: MemoryRegistryOptions = {}): Registry {
  const { logger = silentLogger, clock = systemClock } = options;
  return new MemoryRegistry({ logger, monitor: guarded(options.monitor, logger), clock });
}

class MemoryRegistry implements Registry {
  readonly name = "memory:";
  readonly capabilities: RegistryCapabilities = { register: true, lease: false, watch: "push" };
  readonly #table = new InstanceTable();
  readonly #registrations: Registrations;
  readonly #watchers: Watchers;
  #closed = false;

  constructor(options: Required<MemoryRegistryOptions>) {
    const table = this.#table;
    this.#registrations = new Registrations({
      registryName: this.name,
      hint: "it is in this process",
      ...options,
      keep: (kept) => new MemoryKeeper(table, kept),
    });
    this.#watchers = new Watchers({
      registryName: this.name,
      ...options,
      monitor: withoutEvents(options.monitor, "confirmed"), // the truth is here, and has no age
      settleMs: 0,
      follow: (feed) => {
        const publish = () => feed.publish(table.of(feed.service));
        publish();
        return table.onChange(feed.service, publish);
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
    if (this.#closed) throw closedError(this.name);
    return summarize(this.#table.all());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#registrations.close(), this.#watchers.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One row of the table. */
class MemoryKeeper implements Keeper {
  readonly #table: InstanceTable;
  readonly #kept: Kept;
  #entry: TableEntry | undefined;

  constructor(table: InstanceTable, kept: Kept) {
    this.#table = table;
    this.#kept = kept;
  }

  start(): void {
    const { publication, status } = this.#kept;
    this.#entry = this.#table.put(publication.instance);
    status.become("registered");
    publication.confirm(publication.version);
  }

  changed(): undefined {
    const { publication } = this.#kept;
    if (this.#entry === undefined) return;
    this.#entry.update(publication.instance);
    publication.confirm(publication.version);
  }

  async end(): Promise<void> {
    this.#entry?.remove();
  }
}
