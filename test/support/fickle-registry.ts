import { type Instance, silentLogger } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { closedError, registrationClosedError } from "../../src/registry/failures.js";
import { InstanceTable, type TableEntry } from "../../src/registry/instance-table.js";
import { Publication } from "../../src/registry/publication.js";
import { RegistrationStatus } from "../../src/registry/registration-status.js";
import type {
  RegisterOptions,
  Registration,
  RegistrationState,
  Registry,
  RegistryCapabilities,
  ServiceSummary,
  Snapshot,
  Watch,
} from "../../src/registry/registry.js";
import type { Feed } from "../../src/registry/service-view.js";
import { summarize } from "../../src/registry/summaries.js";
import { Watchers } from "../../src/registry/watchers.js";
import { type Clock, systemClock } from "../../src/time/time.js";

export interface FickleRegistryOptions {
  readonly clock?: Clock;
  readonly capabilities?: RegistryCapabilities;
  /** Whether it begins away. Default: false. */
  readonly away?: boolean;
}

/** A registry in memory that goes away and comes back as the test says. Whoever is in it stays in it meanwhile. */
export class FickleRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities;
  readonly clock: Clock;
  readonly table: InstanceTable = new InstanceTable();
  readonly registrations: Set<FickleRegistration> = new Set();
  readonly #feeds = new Set<Feed>();
  readonly #watchers: Watchers;
  #away: boolean;
  closed = false;

  constructor(name: string, options: FickleRegistryOptions = {}) {
    this.name = name;
    this.capabilities = options.capabilities ?? { register: true, lease: true, watch: "push" };
    this.clock = options.clock ?? systemClock;
    this.#away = options.away ?? false;
    this.#watchers = new Watchers({
      registryName: name,
      clock: this.clock,
      logger: silentLogger,
      settleMs: 0,
      follow: (feed) => {
        this.#feeds.add(feed);
        this.#tell(feed);
        const ended = this.table.onChange(feed.service, () => this.#tell(feed));
        return () => {
          this.#feeds.delete(feed);
          ended();
        };
      },
    });
  }

  get away(): boolean {
    return this.#away;
  }

  /** Ids of everybody in it. */
  get ids(): readonly string[] {
    return this.table.all().map(({ id }) => id);
  }

  goAway(): void {
    this.#away = true;
    for (const feed of this.#feeds) feed.markStale();
    for (const registration of this.registrations) registration.publish();
  }

  comeBack(): void {
    this.#away = false;
    for (const registration of this.registrations) registration.publish();
    for (const feed of this.#feeds) this.#tell(feed);
  }

  unavailable(): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.name}: nobody answers`);
  }

  async register(instance: Instance, options: RegisterOptions = {}): Promise<Registration> {
    const { timeoutMs = 10_000, wait = true } = options;
    if (this.closed) throw closedError(this.name);
    const registration = new FickleRegistration(this, instance);
    this.registrations.add(registration);
    const registered = wait ? registration.publication.registered(timeoutMs) : Promise.resolve();
    registration.publish();
    try {
      await registered;
    } catch (error) {
      await registration.close();
      throw error;
    }
    return registration;
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.closed) throw closedError(this.name);
    if (this.#away) throw this.unavailable();
    return summarize(this.table.all());
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const registration of [...this.registrations]) await registration.close();
    await this.#watchers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(feed: Feed): void {
    if (!this.#away) feed.publish(this.table.of(feed.service));
  }
}

class FickleRegistration implements Registration {
  readonly publication: Publication;
  readonly #registry: FickleRegistry;
  readonly #status: RegistrationStatus;
  #entry: TableEntry | undefined;

  constructor(registry: FickleRegistry, instance: Instance) {
    const { clock, name: registryName } = registry;
    const { id, service } = instance;
    this.#registry = registry;
    this.publication = new Publication(instance, { registryName, hint: "ask the test", clock });
    this.#status = new RegistrationStatus({ id, service, clock, logger: silentLogger, monitor: () => {} });
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
  }

  publish(): void {
    if (this.#registry.away) {
      this.publication.fail(this.#registry.unavailable());
      if (this.state === "registered") this.#status.become("lost");
      return;
    }
    if (this.#entry === undefined) this.#entry = this.#registry.table.put(this.publication.instance);
    else this.#entry.update(this.publication.instance);
    this.publication.confirm(this.publication.version);
    this.#status.become("registered");
  }

  async update(instance: Instance): Promise<void> {
    if (this.state === "closed") throw registrationClosedError(this.#registry.name, instance.id);
    this.publication.replace(instance);
    const updated = this.publication.updated();
    this.publish();
    await updated;
  }

  async close(): Promise<void> {
    this.#registry.registrations.delete(this);
    if (!this.#registry.away) this.#entry?.remove();
    this.publication.fail(registrationClosedError(this.#registry.name, this.publication.instance.id));
    this.#status.become("closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
