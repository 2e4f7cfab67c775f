import type { ClosableClient } from "../../client/client.js";
import { type Instance, type ServiceDefinition, silentLogger } from "../../contract/contract.js";
import type { ServiceClientOptions } from "../create-service.js";
import type { App } from "../define-app.js";
import type { Placement, ServiceSpec } from "../spec.js";
import { tracedClient } from "../traced-client.js";
import { PlacementSwitch } from "./placement-switch.js";
import type { AppProcessContext } from "./process-context.js";
import type { RunningApp } from "./running-app.js";
import { RunningService } from "./running-service.js";

/** Keeps the services of one process: starts each after those it needs, and stops it before they do. */
export class ComposedApp implements RunningApp {
  readonly app: App;
  readonly failure: Promise<Error>;
  readonly #context: AppProcessContext;
  readonly #running = new Map<string, RunningService>();
  readonly #clients: AsyncDisposable[] = [];
  #closing: Promise<void> | undefined;

  constructor(context: Omit<AppProcessContext, "onFailure">) {
    this.app = context.app;
    let fail: (error: Error) => void = () => {};
    this.failure = new Promise((resolve) => {
      fail = resolve;
    });
    const onFailure = (service: string, cause: Error): void =>
      fail(new Error(`${service}: ${cause.message}`, { cause }));
    this.#context = { ...context, onFailure };
  }

  get services(): readonly string[] {
    return [...this.#running.keys()];
  }

  get instances(): readonly Instance[] {
    return [...this.#running.values()].map(({ instance }) => instance);
  }

  /** At once those that need none of each other. */
  async start(names: readonly string[], signal?: AbortSignal): Promise<void> {
    const specs = names.map((name) => this.#spec(name));
    const here = new Set(names);
    for (const spec of specs) this.#check(spec, here);
    const onAbort = (): void => void this.close();
    signal?.addEventListener("abort", onAbort);
    const starts = new Map<string, Promise<void>>();
    for (const spec of this.app.services.filter((each) => specs.includes(each))) {
      const needed = spec.needs.map(({ service }) => starts.get(service)).filter((start) => start !== undefined);
      starts.set(spec.name, this.#startAfter(Promise.all(needed), spec));
    }
    try {
      if (signal?.aborted) throw new Error(`${this.app.name} was stopped before it started`);
      await Promise.all(starts.values());
    } catch (error) {
      void this.close(); // those that still start are told
      await Promise.allSettled(starts.values());
      await this.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  client<D extends ServiceDefinition>(
    definition: D,
    service: string,
    { placement = "auto", ...options }: ServiceClientOptions & { readonly placement?: Placement } = {},
  ): ClosableClient<D> {
    const { registry, transport, clock } = this.#context;
    const { middleware = [], attemptMiddleware = [] } = this.#context.edge("", service);
    const client = tracedClient(definition, service, {
      registry: registry.placed(new PlacementSwitch(placement)),
      transport,
      clock,
      logger: silentLogger,
      telemetry: {},
      ...options,
      middleware: [...middleware, ...(options.middleware ?? [])],
      attemptMiddleware: [...(options.attemptMiddleware ?? []), ...attemptMiddleware],
    });
    this.#clients.push(client);
    return client;
  }

  place(service: string, need: string, placement: Placement): void {
    this.#here(service).placement(need).value = placement;
  }

  async startService(name: string): Promise<void> {
    const spec = this.#spec(name);
    if (this.#closing !== undefined) throw new Error(`${this.app.name} is closed; start it again`);
    if (this.#running.has(name)) throw new RangeError(`${name} runs here already`);
    this.#check(spec, new Set([...this.#running.keys(), name]));
    await this.#startAfter(Promise.resolve(), spec);
  }

  async stopService(name: string): Promise<void> {
    const service = this.#here(name);
    await service.close();
    if (this.#running.get(name) === service) this.#running.delete(name);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startAfter(needed: Promise<unknown>, spec: ServiceSpec): Promise<void> {
    await needed;
    if (this.#closing !== undefined) throw new Error(`${this.app.name} was stopped while it started`);
    const service = new RunningService(spec, this.#context);
    this.#running.set(spec.name, service);
    try {
      await service.start();
    } catch (error) {
      this.#running.delete(spec.name);
      throw error;
    }
  }

  /** Whoever is not needed any more, until nobody is left. */
  async #close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    const closed = new Map<string, Promise<void>>();
    for (const { name } of [...this.app.services].reverse()) {
      const service = this.#running.get(name);
      if (service === undefined) continue;
      const dependents = [...this.#running.values()].filter(({ spec }) =>
        spec.needs.some((need) => need.service === name && !need.external),
      );
      const before = dependents.map(({ spec }) => closed.get(spec.name));
      closed.set(
        name,
        Promise.all(before).then(() => service.close()),
      );
    }
    await Promise.all(closed.values());
    this.#running.clear();
    await this.#context.registry.close();
  }

  #spec(name: string): ServiceSpec {
    const spec = this.app.services.find((each) => each.name === name);
    if (spec !== undefined) return spec;
    const known = this.app.services.map((each) => each.name).join(", ");
    throw new RangeError(`${this.app.name} has no service "${name}" (it has: ${known})`);
  }

  #here(name: string): RunningService {
    const service = this.#running.get(name);
    if (service !== undefined) return service;
    throw new RangeError(`"${name}" does not run here (here are: ${this.services.join(", ") || "none"})`);
  }

  /** Whether all it needs can be found at all. */
  #check(spec: ServiceSpec, here: ReadonlySet<string>): void {
    for (const need of spec.needs) {
      const placement = this.#context.placement(spec, need);
      const what = `${spec.name} needs ${need.service}`;
      if (placement === "local" && !here.has(need.service)) {
        throw new RangeError(`${what} in this process (placement: local), and it does not run here`);
      }
      if (this.#context.wire !== undefined || (here.has(need.service) && placement !== "remote")) continue;
      throw new RangeError(
        placement === "remote"
          ? `${what} over the wire (placement: remote), and nothing listens here; give a registry: HAWSER_REGISTRY`
          : `${what}, which does not run here, and there is no registry to find it in; try: hawser start, or HAWSER_REGISTRY`,
      );
    }
  }
}
