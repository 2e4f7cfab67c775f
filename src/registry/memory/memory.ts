import { type Instance, type Logger, silentLogger } from "../../contract/contract.js";
import { closedError, registeredTwiceError, registrationClosedError } from "../failures.js";
import { copyInstance, copyUpdate } from "../instance-message.js";
import { InstanceTable, type TableEntry } from "../instance-table.js";
import type { Registration, RegistrationState, Registry, ServiceSummary, Snapshot, Watch } from "../registry.js";
import { summarize, Watchers } from "../snapshots.js";

export interface MemoryRegistryOptions {
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/** A registry inside this process, for services that all live in it and for tests. Never away, so never stale. */
export function memoryRegistry(options: MemoryRegistryOptions = {}): Registry {
  return new MemoryRegistry(options.logger ?? silentLogger);
}

class MemoryRegistry implements Registry {
  readonly name = "memory:";
  readonly #table = new InstanceTable();
  readonly #registrations = new Map<string, MemoryRegistration>();
  readonly #watchers: Watchers;
  #closed = false;

  constructor(logger: Logger) {
    const table = this.#table;
    this.#watchers = new Watchers({
      registryName: this.name,
      logger,
      follow: (feed) => {
        const publish = () => feed.publish(table.of(feed.service));
        publish();
        return table.onChange(feed.service, publish);
      },
    });
  }

  async register(instance: Instance): Promise<Registration> {
    const copy = copyInstance(instance);
    if (this.#closed) throw closedError(this.name);
    if (this.#registrations.has(copy.id)) throw registeredTwiceError(this.name, copy.id);
    const onClosed = () => this.#registrations.delete(copy.id);
    const registration = new MemoryRegistration(copy, this.#table.put(copy), { registryName: this.name, onClosed });
    this.#registrations.set(copy.id, registration);
    return registration;
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
    for (const registration of this.#registrations.values()) await registration.close();
    await this.#watchers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface MemoryRegistrationOptions {
  readonly registryName: string;
  readonly onClosed: () => void;
}

class MemoryRegistration implements Registration {
  readonly #options: MemoryRegistrationOptions;
  #instance: Instance;
  #entry: TableEntry | undefined;

  constructor(instance: Instance, entry: TableEntry, options: MemoryRegistrationOptions) {
    this.#instance = instance;
    this.#entry = entry;
    this.#options = options;
  }

  get state(): RegistrationState {
    return this.#entry === undefined ? "lost" : "registered";
  }

  async update(instance: Instance): Promise<void> {
    if (this.#entry === undefined) throw registrationClosedError(this.#options.registryName, this.#instance.id);
    this.#instance = copyUpdate(this.#instance, instance);
    this.#entry.update(this.#instance);
  }

  async close(): Promise<void> {
    if (this.#entry === undefined) return;
    this.#entry.remove();
    this.#entry = undefined;
    this.#options.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
