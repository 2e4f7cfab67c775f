import type { RegistrationState, RegistryEvent } from "../../../src/contract/contract.js";
import { silentLogger } from "../../../src/contract/contract.js";
import { createClient, createService, grpcJsTransport } from "../../../src/index.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../../src/registry/etcd/etcd.js";
import type { Registry, Snapshot } from "../../../src/registry/registry.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Callers } from "../callers.js";

const service = "echo";
/** What every part of the stage asks of etcd: short, so that a round does not take half a minute. */
export const ttlMs = 2_000;
const instances = 5;
const clients = 2;
const callers = { count: 200, thinkMs: 400 };

/** The etcd that everybody on the stage speaks to. */
export interface Backend extends AsyncDisposable {
  /** How it is reached, as a rule over a road that can be cut. */
  readonly hosts: readonly string[];
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
  readonly #backend: Backend;
  readonly #stack: AsyncDisposableStack;
  readonly #states = new Map<string, RegistrationState>();
  readonly #pictures: (Snapshot | undefined)[] = [];
  readonly #waiting = new Set<() => void>();
  /** Snapshots that lacked somebody who lives. */
  readonly dropped: string[] = [];

  private constructor(backend: Backend, stack: AsyncDisposableStack, callers: Callers) {
    this.#backend = backend;
    this.#stack = stack;
    this.callers = callers;
  }

  static async start(backend: Backend): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    stack.use(backend);
    const open = (monitor: (event: RegistryEvent) => void): Registry =>
      stack.use(etcdRegistry({ hosts: backend.hosts, ttlMs, requestTimeoutMs: 1_000, monitor, ...backend.options }));
    const early: RegistryEvent[] = [];
    let onEvent = (event: RegistryEvent): void => void early.push(event);
    const transport = grpcJsTransport();
    for (let index = 0; index < instances; index++) {
      const registry = open((event) => onEvent(event));
      const options = { name: service, id: `echo-${index}`, registry, transport, logger: silentLogger, drainMs: 0 };
      const instance = stack.use(createService(options));
      await instance.add(EchoServiceDefinition, echo()).start();
    }
    const registries = Array.from({ length: clients }, () => open(() => {}));
    const stubs = registries.map((registry) =>
      stack.use(createClient(EchoServiceDefinition, { registry, service, transport })),
    );
    const calling = new Callers(async (caller) => {
      const { text } = await stubs[caller % clients]!.read({ text: String(caller) });
      if (text !== String(caller)) throw new Error(`a wrong answer: ${text}`);
    }, callers);
    stack.defer(() => calling.stop());
    const stage = new Stage(backend, stack.move(), calling);
    onEvent = (event) => stage.#heard(event);
    for (const event of early) stage.#heard(event);
    for (const [index, registry] of registries.entries()) {
      registry.watch(service, (snapshot) => stage.#saw(index, snapshot));
    }
    await stage.whole();
    await calling.more(callers.count);
    return stage;
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

  get #prefix(): string {
    return `${this.#backend.options?.prefix ?? "/hawser/instances"}/${service}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
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
