import type { Instance, Logger } from "../../../src/contract/contract.js";
import { EtcdRegistry } from "../../../src/registry/etcd/etcd-registry.js";
import type { Keys } from "../../../src/registry/etcd/layout.js";
import { resolveEtcdOptions } from "../../../src/registry/etcd/options.js";
import type { Registration, Watch } from "../../../src/registry/registry.js";
import type { Random } from "../../../src/time/time.js";
import type { History } from "./history.js";
import { Link } from "./link.js";
import { SimulatedClient } from "./simulated-client.js";
import type { SimulatedEtcd } from "./simulated-etcd.js";
import { type Truth, wordOf } from "./truth.js";
import type { VirtualClock } from "./virtual-clock.js";
import { WatchCheck } from "./watch-check.js";

/** An instance as whoever registered it wants it. */
export interface Registered {
  instance: Instance;
  /** None until it is registered for the first time. */
  registration: Registration | undefined;
  open: boolean;
}

export interface ModelRegistryOptions {
  readonly name: string;
  readonly etcd: SimulatedEtcd;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly history: History;
  readonly truth: Truth;
  readonly auth: boolean;
  readonly ttlMs: number;
  readonly logger: Logger;
  /** As `WatchCheckOptions`. */
  readonly hidden: () => boolean;
  /** As `WatchCheckOptions`. */
  readonly lives: (id: string) => boolean;
  readonly broken: (what: string) => void;
}

/** The real registry of one process on a simulated etcd, and what it was asked for and has told. */
export class ModelRegistry {
  readonly name: string;
  readonly link: Link;
  readonly client: SimulatedClient;
  readonly keys: Keys;
  readonly registered: Registered[] = [];
  readonly #options: ModelRegistryOptions;
  readonly #registry: EtcdRegistry;
  readonly #watches = new Map<string, { readonly watch: Watch; readonly check: WatchCheck }>();
  /** Watches that have been begun, ever, and what they were told. */
  begun = 0;
  #told = 0;
  #count = 0;

  constructor(options: ModelRegistryOptions) {
    const { name, etcd, clock, random, history, auth, ttlMs, logger } = options;
    this.name = name;
    this.#options = options;
    const resolved = resolveEtcdOptions({ hosts: `${name}:2379`, clock, random, ttlMs, logger });
    this.link = new Link(clock, random);
    const { requestTimeoutMs } = resolved;
    this.client = new SimulatedClient({ name, etcd, link: this.link, clock, history, auth, requestTimeoutMs });
    this.keys = resolved.keys;
    this.#registry = new EtcdRegistry(this.client, resolved);
  }

  get snapshots(): number {
    return [...this.#watches.values()].reduce((sum, { check }) => sum + check.told, this.#told);
  }

  register(service: string): void {
    const id = `${this.name}${++this.#count}`;
    const entry: Registered = { instance: instanceOf(service, id), registration: undefined, open: true };
    this.registered.push(entry);
    this.#say(`registers ${service}/${id}`);
    this.#registry.register(entry.instance).then(
      (registration) => {
        entry.registration = registration;
        this.#say(`${id} is registered`);
        registration.onState((state) => this.#say(`${id} is ${state}`));
        if (!entry.open) void registration.close();
      },
      (error: Error) => {
        entry.open = false;
        this.#say(`${id} was not registered: ${error.message}`);
      },
    );
  }

  update(entry: Registered, draining: boolean): void {
    const { instance, registration } = entry;
    if (registration === undefined) return;
    const n = String(Number(instance.metadata.n) + 1);
    entry.instance = { ...instance, metadata: { n }, state: draining ? "draining" : "serving" };
    this.#say(`updates ${instance.id}@${wordOf(entry.instance)}`);
    registration.update(entry.instance).catch(() => {});
  }

  unregister(entry: Registered): void {
    this.#say(`closes ${entry.instance.id}`);
    entry.open = false;
    void entry.registration?.close().then(() => this.#say(`${entry.instance.id} has closed`));
  }

  watch(service: string): void {
    if (this.#watches.has(service)) return;
    this.#say(`watches ${service}`);
    this.begun += 1;
    const { truth, lives, hidden, broken, clock, etcd } = this.#options;
    const say = (what: string) => this.#say(`is told ${what}`);
    const when = { now: () => clock.now(), recoveredMs: () => etcd.recoveredMs };
    const check = new WatchCheck({ who: this.name, service, truth, lives, hidden, say, broken, ...when });
    this.#watches.set(service, { watch: this.#registry.watch(service, check.onSnapshot), check });
  }

  unwatch(service: string): void {
    const watched = this.#watches.get(service);
    if (watched === undefined) return;
    this.#say(`watches ${service} no more`);
    this.#watches.delete(service);
    this.#told += watched.check.told;
    void watched.watch.close();
  }

  /** What a watch does not know yet. */
  unsettled(): readonly string[] {
    return [...this.#watches.values()].flatMap(({ check }) => check.settled() ?? []);
  }

  /** @returns whose registration is not as it shall be, while all is well */
  notRegistered(): readonly string[] {
    const { etcd, truth } = this.#options;
    return this.registered.flatMap(({ instance, registration, open }) => {
      const { id, service } = instance;
      const word = truth.now(service).get(id);
      if (!open) return word === undefined ? [] : [`${id} is closed, and etcd has it`];
      if (word === undefined) return [`${id} is not in etcd; it says ${registration?.state}`];
      const wanted = wordOf(instance);
      if (word !== wanted) return [`${id} is ${word} in etcd, and shall be ${wanted}`];
      if (registration?.state !== "registered") return [`${id} is in etcd, and says ${registration?.state}`];
      const key = this.keys.of(instance).toString("latin1");
      const holders = etcd.leases.filter(({ keys }) => keys.has(key));
      return holders.length === 1 && holders[0]!.owner === this.name ? [] : [`${id} is under no lease of ${this.name}`];
    });
  }

  /** @returns what is too much or too little */
  leasesHeld(): readonly string[] {
    const held = this.#options.etcd.leases.filter(({ owner }) => owner === this.name).length;
    const most = this.registered.some(({ open }) => open) ? 1 : 0;
    return held <= most ? [] : [`${this.name} holds ${held} leases, ${most} are due`];
  }

  async close(): Promise<void> {
    this.#say("closes");
    this.#told = this.snapshots;
    this.#watches.clear();
    await this.#registry.close();
    this.#say("has closed");
  }

  #say(what: string): void {
    this.#options.history.add(this.name, what);
  }
}

export function instanceOf(service: string, id: string): Instance {
  return {
    id,
    service,
    version: "1",
    endpoints: [],
    contracts: [],
    metadata: { n: "1" },
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(0),
  };
}
