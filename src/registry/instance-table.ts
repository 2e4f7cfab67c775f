import type { Instance } from "../contract/contract.js";

/** The right to change what one registrant has put into the table. */
export interface TableEntry {
  update(instance: Instance): void;
  remove(): void;
}

interface Row {
  instance: Instance;
}

/** Instances by service, in memory. Of two with the same id the later counts, and the earlier again once that is gone. */
export class InstanceTable {
  /** In the order in which they came. */
  readonly #services = new Map<string, Set<Row>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  #revision = 0n;

  /** Grows with every change. */
  get revision(): bigint {
    return this.#revision;
  }

  put(instance: Instance): TableEntry {
    const { service } = instance;
    const row: Row = { instance };
    const rows = this.#services.get(service) ?? new Set();
    this.#services.set(service, rows.add(row));
    this.#changed(service);
    return {
      update: (next) => {
        row.instance = next;
        if (rows.has(row)) this.#changed(service);
      },
      remove: () => {
        if (!rows.delete(row)) return;
        if (rows.size === 0) this.#services.delete(service);
        this.#changed(service);
      },
    };
  }

  of(service: string): readonly Instance[] {
    const rows = [...(this.#services.get(service) ?? [])];
    return [...new Map(rows.map(({ instance }) => [instance.id, instance])).values()];
  }

  all(): readonly Instance[] {
    return [...this.#services.keys()].flatMap((service) => this.of(service));
  }

  /** Calls back after every change of the service. Returns what ends that. */
  onChange(service: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(service) ?? new Set();
    this.#listeners.set(service, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(service) === listeners) this.#listeners.delete(service);
    };
  }

  #changed(service: string): void {
    this.#revision += 1n;
    for (const listener of this.#listeners.get(service) ?? []) listener();
  }
}
