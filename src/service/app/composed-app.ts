import type { ClosableClient } from "../../client/client.js";
import { type Instance, type ServiceDefinition, silentLogger } from "../../contract/contract.js";
import type { App } from "../define-app.js";
import { checkPlacement } from "../needs.js";
import { OwnedClients } from "../owned-clients.js";
import type { RegistrationStanding } from "../presence.js";
import type { ServiceClientOptions } from "../service-interface.js";
import type { Placement, ServiceSpec } from "../spec.js";
import { StopTime } from "../stop-time.js";
import { tracedClient } from "../traced-client.js";
import { checkInReach, type InReach } from "./in-reach.js";
import { PlacementSwitch } from "./placement-switch.js";
import type { AppProcessContext } from "./process-context.js";
import type { RunningApp } from "./running-app.js";
import { RunningService } from "./running-service.js";
import { sections } from "./sections.js";

/** Keeps the services of one process: starts each after those it needs, and stops it before they do. */
export class ComposedApp implements RunningApp {
  readonly app: App;
  readonly failure: Promise<Error>;
  readonly #context: AppProcessContext;
  /** Those that start, run or stop here. */
  readonly #running = new Map<string, RunningService>();
  readonly #clients = new OwnedClients();
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
    return this.instances.map(({ service }) => service);
  }

  get instances(): readonly Instance[] {
    return [...this.#running.values()].flatMap(({ instance }) => instance ?? []);
  }

  /** At once those that need none of each other; nobody before all are known to have what they need. */
  async start(names: readonly string[], signal?: AbortSignal): Promise<void> {
    const wanted = names.map((name) => this.#spec(name));
    const specs = this.app.services.filter((each) => wanted.includes(each));
    for (const spec of specs) this.#check(spec, new Set(names));
    const onAbort = (): void => void this.close();
    signal?.addEventListener("abort", onAbort);
    const starts = new Map<string, Promise<void>>();
    try {
      const configs = await sections(this.#context.config, specs);
      if (signal?.aborted) throw new Error(`${this.app.name} was stopped before it started`);
      for (const spec of specs) {
        const needed = spec.needs.map(({ service }) => starts.get(service)).filter((start) => start !== undefined);
        starts.set(spec.name, this.#startAfter(Promise.all(needed), spec, configs.get(spec.name)));
      }
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
    this.#checkOpen();
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
    return this.#clients.keep(service, client);
  }

  registration(service: string): RegistrationStanding | undefined {
    return this.#here(service).registration;
  }

  place(service: string, need: string, placement: Placement): void {
    const owner = this.#here(service);
    checkPlacement("place", placement);
    const found = owner.need(need);
    checkInReach(owner.spec, found, placement, this.#inReach(this.#names));
    owner.placement(found).value = placement;
  }

  async startService(name: string): Promise<void> {
    const spec = this.#spec(name);
    this.#checkOpen();
    if (this.#running.has(name)) throw new RangeError(`${name} runs here already`);
    this.#check(spec, new Set([...this.#names, name]));
    await this.#start(spec, this.#context.config.section(name, spec.config));
  }

  async stopService(name: string): Promise<void> {
    const service = this.#here(name);
    await service.close();
    this.#forget(service);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startAfter(needed: Promise<unknown>, spec: ServiceSpec, config: unknown): Promise<void> {
    await needed;
    if (this.#closing !== undefined) throw new Error(`${this.app.name} was stopped while it started`);
    await this.#start(spec, Promise.resolve(config));
  }

  async #start(spec: ServiceSpec, config: Promise<unknown>): Promise<void> {
    const service = new RunningService(spec, config, this.#context);
    this.#running.set(spec.name, service);
    try {
      await service.start();
    } catch (error) {
      this.#forget(service);
      throw error;
    }
  }

  /** Another of its name may have come meanwhile. */
  #forget(service: RunningService): void {
    if (this.#running.get(service.spec.name) === service) this.#running.delete(service.spec.name);
  }

  /** Whoever is not needed any more, until nobody is left. */
  async #close(): Promise<void> {
    const { clock, drainMs, graceMs, teardownMs, registry, appLogger } = this.#context;
    const stop = new StopTime({ clock, graceMs: drainMs + graceMs, teardownMs });
    await Promise.all([this.#clients.close(stop, appLogger), this.#closeServices(stop)]);
    await stop.late("the registry of this process", appLogger, () => registry.close());
  }

  async #closeServices(stop: StopTime): Promise<void> {
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
        Promise.all(before).then(() => service.close(stop)),
      );
    }
    await Promise.all(closed.values());
    this.#running.clear();
  }

  get #names(): ReadonlySet<string> {
    return new Set(this.#running.keys());
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new Error(`${this.app.name} is closed; start it again`);
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
      checkPlacement(`${spec.name}: needs.${need.name}.placement`, placement);
      checkInReach(spec, need, placement, this.#inReach(here));
    }
  }

  #inReach(here: ReadonlySet<string>): InReach {
    return { here, elsewhere: this.#context.registry.reaches };
  }
}
