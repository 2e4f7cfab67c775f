import type { Instance } from "../contract/contract.js";

/** The right to change what one registrant has put into the table; it ends when another takes the same id. */
export interface TableEntry {
  update(instance: Instance): void;
  remove(): void;
}

interface Row {
  instance: Instance;
}

/** Instances by service, in memory. The later of two with the same id replaces the earlier. */
export class InstanceTable {
  readonly #services = new Map<string, Map<string, Row>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  #revision = 0n;

  /** Grows with every change. */
  get revision(): bigint {
    return this.#revision;
  }

  put(instance: Instance): TableEntry {
    const { id, service } = instance;
    const row: Row = { instance };
    const rows = this.#services.get(service) ?? new Map<string, Row>();
    this.#services.set(service, rows);
    rows.set(id, row);
    this.#changed(service);
    return {
      update: (next) => {
        row.instance = next;
        if (rows.get(id) === row) this.#changed(service);
      },
      remove: () => {
        if (rows.get(id) !== row) return;
        rows.delete(id);
        if (rows.size === 0) this.#services.delete(service);
        this.#changed(service);
      },
    };
  }

  of(service: string): readonly Instance[] {
    return [...(this.#services.get(service)?.values() ?? [])].map((row) => row.instance);
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
