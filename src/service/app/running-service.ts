import type { Closeable, Handlers, ServiceDefinition } from "../../contract/contract.js";
import { type Instance, newInstanceId } from "../../contract/contract.js";
import { sleep } from "../../time/time.js";
import { createService, type Service } from "../create-service.js";
import type { Need, OwnedListener, ServiceSpec, SetupContext } from "../spec.js";
import { BackgroundTasks } from "./background-tasks.js";
import { PlacementSwitch } from "./placement-switch.js";
import type { AppProcessContext } from "./process-context.js";
import { Teardown } from "./teardown.js";

/** One service of an app, alive in this process: set up, served here and, where there is a wire, there too. */
export class RunningService implements Closeable {
  readonly spec: ServiceSpec;
  readonly #process: AppProcessContext;
  readonly #service: Service;
  readonly #placements = new Map<string, PlacementSwitch>();
  readonly #listeners: OwnedListener[] = [];
  readonly #background: BackgroundTasks;
  readonly #teardown: Teardown;
  readonly #stopping = new AbortController();
  #listening: OwnedListener[] = [];
  #listenersClosed: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(spec: ServiceSpec, process: AppProcessContext) {
    const { registry, transport, wire, clock, drainMs, graceMs, app } = process;
    const { name, version, metadata } = spec;
    const id = newInstanceId(name);
    const logger = process.logger(spec);
    this.spec = spec;
    this.#process = process;
    this.#service = createService({
      name,
      version,
      id,
      metadata,
      registry,
      transport,
      address: [`memory://${id}`, ...(wire === undefined ? [] : [wire.address(name)])],
      ...(wire?.advertise === undefined ? {} : { advertise: wire.advertise }),
      ...(wire?.zone === undefined ? {} : { zone: wire.zone }),
      middleware: [...process.middleware(spec), ...app.middleware, ...spec.middleware],
      telemetry: process.telemetry(spec, id),
      logger,
      clock,
      drainMs: wire === undefined ? 0 : drainMs,
      graceMs,
    });
    this.#service.onDrain(() => this.#drain()).onStop(() => this.#stop()); // before the hooks that setup adds
    this.#teardown = new Teardown((err) => logger.error({ err }, "a teardown failed"));
    this.#background = new BackgroundTasks({
      logger,
      clock,
      graceMs,
      onFailure: (error) => process.onFailure(spec.name, error),
    });
  }

  /** @throws Error before `start()` */
  get instance(): Instance {
    return this.#service.instance;
  }

  /** @throws RangeError for a need it does not have */
  placement(need: string): PlacementSwitch {
    const placement = this.#placements.get(need);
    if (placement !== undefined) return placement;
    const known = this.spec.needs.map(({ name }) => name).join(", ") || "nothing";
    throw new RangeError(`${this.spec.name} has no need "${need}" (it needs: ${known})`);
  }

  /** Resolves once it can be found and called. Where it fails nothing of it stays. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** In a start it does not wait for it to end. */
  close(): Promise<void> {
    this.#stopping.abort();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { name } = this.spec;
    try {
      this.#process.onStep(`setting up ${name}`);
      this.#serve(await this.#setUp());
      for (const listener of this.#listeners) await this.#listen(listener);
      this.#process.onStep(
        `starting ${name}: ${this.#process.wire === undefined ? "in process" : "to listen and to register"}`,
      );
      await this.#service.start();
      if (this.#stopping.signal.aborted) throw new Error(`${name} was stopped while it started`);
      this.#background.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #setUp(): Promise<unknown> {
    const { spec } = this;
    const config = await this.#process.config.section(spec.name, spec.config);
    const { clock, setupTimeoutMs } = this.#process;
    const { signal } = this.#stopping;
    const over = new AbortController();
    if (signal.aborted) over.abort();
    signal.addEventListener("abort", () => over.abort(), { signal: over.signal });
    const tooLong = sleep(clock, setupTimeoutMs, over.signal).then(() => {
      if (signal.aborted) throw new Error(`${spec.name} was stopped while it was set up`);
      throw new Error(`${spec.name}: setup has not ended within ${setupTimeoutMs / 1000} s; what does it wait for?`);
    });
    tooLong.catch(() => {});
    try {
      return await Promise.race([spec.setup(this.#context(config)), tooLong]);
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw new Error(`${spec.name}: setup failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    } finally {
      over.abort();
    }
  }

  #context(config: unknown): SetupContext {
    const service = this.#service;
    return {
      name: this.spec.name,
      needs: Object.fromEntries(
        this.spec.needs.map((need) => [need.name, this.#client(need)]),
      ) as SetupContext["needs"],
      config,
      log: service.logger,
      clock: this.#process.clock,
      use: (resource) => {
        this.#teardown.add(() =>
          Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose](),
        );
        return resource;
      },
      defer: (hook) => this.#teardown.add(hook),
      onReady: (hook) => void service.onReady(hook),
      onDrain: (hook) => void service.onDrain(hook),
      onStop: (hook) => void service.onStop(hook),
      background: (name, task) => this.#background.add(name, task),
      listen: (listener) => void this.#listeners.push(listener),
    };
  }

  #client(need: Need): unknown {
    const placement = new PlacementSwitch(this.#process.placement(this.spec, need));
    this.#placements.set(need.name, placement);
    const { middleware = [], attemptMiddleware = [] } = this.#process.edge(this.spec.name, need.service);
    return this.#service.client(need.contract, need.service, {
      ...need.options,
      registry: this.#process.registry.placed(placement),
      middleware: [...middleware, ...(need.options.middleware ?? [])],
      attemptMiddleware: [...(need.options.attemptMiddleware ?? []), ...attemptMiddleware],
    });
  }

  #serve(made: unknown): void {
    const { contracts, name } = this.spec;
    for (const [key, contract] of contracts) {
      const handlers = key === "" ? made : (made as { readonly [name: string]: unknown } | undefined)?.[key];
      if (typeof handlers !== "object" || handlers === null) {
        const which = key === "" ? "" : ` as "${key}"`;
        throw new TypeError(`${name}: setup gave no handlers for ${contract.fullName}${which}`);
      }
      this.#service.add(contract, handlers as Handlers<ServiceDefinition>);
    }
  }

  async #listen(listener: OwnedListener): Promise<void> {
    this.#process.onStep(`starting ${this.spec.name}: ${listener.name} to listen`);
    const endpoint = await listener.start();
    this.#listening.push(listener);
    if (endpoint !== undefined) this.#service.addEndpoint(endpoint);
  }

  /** The stop begins. Listeners of its own get as much time as its server. */
  #drain(): void {
    const { clock, drainMs } = this.#process;
    this.#background.stop();
    this.#listenersClosed = sleep(clock, this.#listening.length === 0 ? 0 : drainMs).then(() => this.#closeListeners());
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#listenersClosed, this.#background.ended()]);
  }

  async #close(): Promise<void> {
    await this.#service.close();
    await this.#closeListeners();
    await this.#teardown.run();
  }

  async #closeListeners(): Promise<void> {
    const { graceMs } = this.#process;
    for (const listener of this.#listening.splice(0)) {
      try {
        await listener.close({ graceMs });
      } catch (err) {
        this.#service.logger.error({ err, listener: listener.name }, "a listener did not close");
      }
    }
  }
}
