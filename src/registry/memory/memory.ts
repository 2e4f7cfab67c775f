import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";
import { assembleRegistry } from "../assemble-registry.js";
import { guarded } from "../guarded-monitor.js";
import { InstanceTable, type TableEntry } from "../instance-table.js";
import type { Keeper, Kept } from "../kept-registration.js";
import { Registrations } from "../registrations.js";
import type { Registry } from "../registry.js";
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
  const monitor = guarded(options.monitor, logger);
  const name = "memory:";
  const table = new InstanceTable();
  const base = { registryName: name, logger, clock, monitor };
  const registrations = new Registrations({
    ...base,
    hint: "it is in this process",
    keep: (kept) => new MemoryKeeper(table, kept),
  });
  const watchers = new Watchers({
    ...base,
    monitor: withoutEvents(monitor, "confirmed"), // the truth is here, and has no age
    settleMs: 0,
    follow: (feed) => {
      const publish = () => feed.publish(table.of(feed.service));
      publish();
      return table.onChange(feed.service, publish);
    },
  });
  return assembleRegistry({
    name,
    capabilities: { register: true, lease: false, watch: "push" },
    registrar: registrations,
    watchers,
    list: async () => summarize(table.all()),
    async end() {
      await Promise.all([registrations.close(), watchers.close()]);
    },
  });
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
