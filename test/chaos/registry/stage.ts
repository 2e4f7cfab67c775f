import type { RegistrationState, RegistryEvent } from "../../../src/contract/contract.js";
import { silentLogger } from "../../../src/contract/contract.js";
import { type ClosableClient, createClient, createService, grpcJsTransport } from "../../../src/index.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../../src/registry/etcd/etcd.js";
import type { Registry, Snapshot } from "../../../src/registry/registry.js";
import { leastLoaded } from "../../../src/selector/least-loaded.js";
import { roundRobin } from "../../../src/selector/round-robin.js";
import type { SelectorFactory } from "../../../src/selector/selector.js";
import type { Random } from "../../../src/time/time.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Callers } from "../callers.js";

export const service = "echo";
/** What every part of the stage asks of etcd: short, so that a round does not take half a minute. */
export const ttlMs = 2_000;
const instances = 5;
/** Each client chooses in another way: the usual one soon leaves alone who does not answer, the other takes all in turn. */
const selectors = [leastLoaded(), roundRobin()];
const callers = { count: 200, thinkMs: 400 };
/** What takes longer is stuck. */
const patienceMs = 30_000;
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

export interface StageOptions {
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Whether calls that failed are repeated, as a client does by itself. */
  readonly retry: boolean;
}

/**
 * Five instances and two clients with a registry each, as if in processes of their own, and 200 callers. Everybody who
 * ought to be seen is watched for being lost.
 */
export class Stage implements AsyncDisposable {
  readonly callers: Callers;
  /** Who lacked in a snapshot though they live, in the order in which it was told. */
  readonly dropped: { readonly atMs: number; readonly ids: readonly string[] }[] = [];
  readonly #backend: Backend;
  readonly #options: StageOptions;
  /** What was opened, to be closed the other way round. */
  readonly #open: AsyncDisposable[] = [];
  readonly #states = new Map<string, RegistrationState>();
  readonly #pictures: (Snapshot | undefined)[] = [];
  readonly #lastPicks = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  /** @throws Error where it does not come to life; nothing is left then */
  static async start(backend: Backend, options: StageOptions): Promise<Stage> {
    const stage = new Stage(backend, options);
    try {
      for (let index = 0; index < instances; index++) await stage.#startInstance(`echo-${index}`);
      await stage.whole();
      await stage.callers.more(callers.count);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(backend: Backend, options: StageOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#open.push(backend);
    const stubs = selectors.map((selector, client) => this.#openClient(client, selector));
    this.callers = new Callers(
      async (caller) => {
        const { text } = await stubs[caller % stubs.length]!.read({ text: String(caller) });
        if (text !== String(caller)) throw new Error(`a wrong answer: ${text}`);
      },
      { ...callers, random: options.random },
    );
  }

  /** Resolves once everybody is registered, and etcd says so too. */
  async registered(): Promise<void> {
    do await this.#until("is registered", () => [...this.#states.values()].every((state) => state === "registered"));
    while ((await this.#backend.ids(this.#prefix)).length < instances);
  }

  /** Resolves once everybody is registered, and fresh in every picture. */
  async whole(): Promise<void> {
    await this.registered();
    await this.#until("is in every picture", () =>
      this.#pictures.every((picture) => picture?.stale === false && missing(picture).length === 0),
    );
  }

  /** Resolves once an instance is called. */
  picked(id: string): Promise<void> {
    return this.#until(`has called ${id}`, () => this.#lastPicks.has(id));
  }

  /** When an instance was last called, of `performance.now()`. */
  lastPick(id: string): number {
    return this.#lastPicks.get(id) ?? Number.NaN;
  }

  /** Resolves once nobody knows an instance any more. */
  forgotten(id: string): Promise<void> {
    const knows = (picture: Snapshot | undefined): boolean =>
      picture?.instances.some((each) => each.id === id) ?? false;
    return this.#until(`has forgotten ${id}`, () => !this.#pictures.some(knows));
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
      ...(this.#options.retry ? {} : { retry: false as const }),
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
      this.dropped.push({ atMs: performance.now(), ids: lost });
    }
    if (lost.length === 0 || this.#pictures[client] !== undefined) this.#pictures[client] = snapshot;
    this.#look();
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** @throws Error where it takes too long, or nobody wants to wait any more */
  #until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#options;
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        this.#waiting.delete(check);
        settle();
      };
      const stop = (): void => end(() => reject(signal.reason));
      const check = (): void => {
        if (condition()) end(resolve);
      };
      const late = new Error(`not everybody ${what} within ${patienceMs / 1_000} s`);
      const timer = setTimeout(() => end(() => reject(late)), patienceMs);
      signal.addEventListener("abort", stop);
      this.#waiting.add(check);
      check();
      if (signal.aborted) stop();
    });
  }
}

function missing(snapshot: Snapshot): readonly string[] {
  const there = new Set(snapshot.instances.map(({ id }) => id));
  return Array.from({ length: instances }, (_, index) => `echo-${index}`).filter((id) => !there.has(id));
}
