import type { RegistrationState, RegistryEvent } from "../../../src/contract/contract.js";
import { silentLogger } from "../../../src/contract/contract.js";
import { type ClosableClient, createClient, createService, grpcJsTransport } from "../../../src/index.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../../src/registry/etcd/etcd.js";
import type { Registry, Snapshot } from "../../../src/registry/registry.js";
import { leastLoaded } from "../../../src/selector/least-loaded.js";
import { roundRobin } from "../../../src/selector/round-robin.js";
import type { SelectorFactory } from "../../../src/selector/selector.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Callers } from "../callers.js";

export const service = "echo";
/** What every part of the stage asks of etcd: short, so that a round does not take half a minute. */
export const ttlMs = 2_000;
const instances = 5;
/** Each client chooses in another way: the usual one soon leaves alone who does not answer, the other takes all in turn. */
const selectors = [leastLoaded(), roundRobin()];
const callers = { count: 200, thinkMs: 400 };
const transport = grpcJsTransport();

/** The etcd that everybody on the stage speaks to. */
export interface Backend extends AsyncDisposable {
  /** How it is reached, as a rule over a road that can be cut. */
  readonly hosts: readonly string[];
  /** Among them `ttlMs`, where it is another than the usual. */
  readonly options?: Partial<EtcdRegistryOptions>;
  /** The ids that etcd holds of the service, asked of itself. */
  ids(prefix: string): Promise<readonly string[]>;
}

/**
 * Five instances and two clients with a registry each, as if in processes of their own, and 200 callers. Everybody who
 * ought to be seen is watched for being lost.
 */
export class Stage implements AsyncDisposable {
  readonly callers: Callers;
  /** Snapshots that lacked somebody who lives. */
  readonly dropped: string[] = [];
  readonly #backend: Backend;
  /** What was opened, to be closed the other way round. */
  readonly #open: AsyncDisposable[] = [];
  readonly #states = new Map<string, RegistrationState>();
  readonly #pictures: (Snapshot | undefined)[] = [];
  readonly #lastPicks = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  static async start(backend: Backend): Promise<Stage> {
    const stage = new Stage(backend);
    for (let index = 0; index < instances; index++) await stage.#startInstance(`echo-${index}`);
    await stage.whole();
    await stage.callers.more(callers.count);
    return stage;
  }

  private constructor(backend: Backend) {
    this.#backend = backend;
    this.#open.push(backend);
    const stubs = selectors.map((selector, client) => this.#openClient(client, selector));
    this.callers = new Callers(async (caller) => {
      const { text } = await stubs[caller % stubs.length]!.read({ text: String(caller) });
      if (text !== String(caller)) throw new Error(`a wrong answer: ${text}`);
    }, callers);
  }

  /** Resolves once everybody is registered, and etcd says so too. */
  async registered(): Promise<void> {
    do await this.#until(() => [...this.#states.values()].every((state) => state === "registered"));
    while ((await this.#backend.ids(this.#prefix)).length < instances);
  }

  /** Resolves once everybody is registered, and fresh in every picture. */
  async whole(): Promise<void> {
    await this.registered();
    await this.#until(() =>
      this.#pictures.every((picture) => picture?.stale === false && missing(picture).length === 0),
    );
  }

  /** Resolves once an instance is called. */
  picked(id: string): Promise<void> {
    return this.#until(() => this.#lastPicks.has(id));
  }

  /** When an instance was last called, of `performance.now()`. */
  lastPick(id: string): number {
    return this.#lastPicks.get(id) ?? Number.NaN;
  }

  /** Resolves once nobody knows an instance any more. */
  forgotten(id: string): Promise<void> {
    return this.#until(() => this.#pictures.every((picture) => !picture?.instances.some((each) => each.id === id)));
  }

  get #prefix(): string {
    return `${this.#backend.options?.prefix ?? "/hawser/instances"}/${service}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.callers.stop();
    for (const each of this.#open.reverse()) await each[Symbol.asyncDispose]();
  }

  async #startInstance(id: string): Promise<void> {
    const registry = this.#openRegistry();
    const instance = createService({ name: service, id, registry, transport, logger: silentLogger, drainMs: 0 });
    this.#open.push(instance);
    await instance.add(EchoServiceDefinition, echo()).start();
  }

  #openClient(client: number, selector: SelectorFactory): ClosableClient<EchoServiceDefinition> {
    const registry = this.#openRegistry();
    registry.watch(service, (snapshot) => this.#saw(client, snapshot));
    const stub = createClient(EchoServiceDefinition, {
      registry,
      service,
      transport,
      selector,
      attemptMiddleware: [
        (next) => (call) => {
          this.#lastPicks.set(call.instance?.id ?? "", performance.now());
          this.#look();
          return next(call);
        },
      ],
    });
    this.#open.push(stub);
    return stub;
  }

  #openRegistry(): Registry {
    const registry = etcdRegistry({
      hosts: this.#backend.hosts,
      ttlMs,
      requestTimeoutMs: 1_000,
      monitor: (event) => this.#heard(event),
      ...this.#backend.options,
    });
    this.#open.push(registry);
    return registry;
  }

  #heard(event: RegistryEvent): void {
    if (event.type === "registration") this.#states.set(event.id, event.state);
    this.#look();
  }

  #saw(client: number, snapshot: Snapshot): void {
    const lost = missing(snapshot);
    if (this.#pictures[client] !== undefined && lost.length > 0) {
      this.dropped.push(`client ${client} was told a set without ${lost.join(", ")}`);
    }
    if (lost.length === 0 || this.#pictures[client] !== undefined) this.#pictures[client] = snapshot;
    this.#look();
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

function missing(snapshot: Snapshot): readonly string[] {
  const there = new Set(snapshot.instances.map(({ id }) => id));
  return Array.from({ length: instances }, (_, index) => `echo-${index}`).filter((id) => !there.has(id));
}
