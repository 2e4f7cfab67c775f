import { type Instance, type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";
import { closedError, registeredTwiceError, registrationClosedError } from "../failures.js";
import { copyInstance, copyUpdate } from "../instance-message.js";
import { InstanceTable, type TableEntry } from "../instance-table.js";
import { RegistrationStatus } from "../registration-status.js";
import type {
  Registration,
  RegistrationState,
  Registry,
  RegistryCapabilities,
  ServiceSummary,
  Snapshot,
  Watch,
} from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";

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
  const { logger = silentLogger, monitor = () => {}, clock = systemClock } = options;
  return new MemoryRegistry({ logger, monitor, clock });
}

class MemoryRegistry implements Registry {
  readonly name = "memory:";
  readonly capabilities: RegistryCapabilities = { register: true, lease: false, watch: "push" };
  readonly #options: Required<MemoryRegistryOptions>;
  readonly #table = new InstanceTable();
  readonly #registrations = new Map<string, MemoryRegistration>();
  readonly #watchers: Watchers;
  #closed = false;

  constructor(options: Required<MemoryRegistryOptions>) {
    this.#options = options;
    const table = this.#table;
    this.#watchers = new Watchers({
      registryName: this.name,
      ...options,
      settleMs: 0,
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
    const { service, id } = copy;
    const onClosed = () => this.#registrations.delete(id);
    const status = new RegistrationStatus({ service, id, ...this.#options });
    const registration = new MemoryRegistration(copy, this.#table.put(copy), {
      registryName: this.name,
      status,
      onClosed,
    });
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
  readonly status: RegistrationStatus;
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
    options.status.become("registered");
  }

  get state(): RegistrationState {
    return this.#options.status.state;
  }

  get since(): Date {
    return this.#options.status.since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#options.status.onState(listener);
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
    this.#options.status.become("closed");
    this.#options.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
