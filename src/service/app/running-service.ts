import { type Closeable, type Instance, newInstanceId } from "../../contract/contract.js";
import type { ServingStatus } from "../../server/server.js";
import { sleep } from "../../time/time.js";
import { ComposedService } from "../composed-service.js";
import { resolveServiceOptions } from "../options.js";
import type { RegistrationStanding } from "../presence.js";
import type { Need, ServiceSpec, SetupContext } from "../spec.js";
import type { StopTime } from "../stop-time.js";
import { addHandlers } from "./add-handlers.js";
import { BackgroundTasks } from "./background-tasks.js";
import { OwnedListeners } from "./owned-listeners.js";
import { PlacementSwitch } from "./placement-switch.js";
import type { AppProcessContext } from "./process-context.js";
import { type StartStepOptions, startStep } from "./start-step.js";
import { Teardown } from "./teardown.js";

/** One service of an app, alive in this process: set up, served here and, where there is a wire, there too. */
export class RunningService implements Closeable {
  readonly spec: ServiceSpec;
  readonly #process: AppProcessContext;
  readonly #service: ComposedService;
  readonly #config: Promise<unknown>;
  readonly #placements: ReadonlyMap<string, PlacementSwitch>;
  readonly #listeners: OwnedListeners;
  readonly #background: BackgroundTasks;
  readonly #teardown: Teardown;
  readonly #stopping = new AbortController();
  #ready = false;
  #listenersClosed: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @param config what its schema made of the values there are */
  constructor(spec: ServiceSpec, config: Promise<unknown>, process: AppProcessContext) {
    const { registry, transport, wire, clock, drainMs, graceMs, teardownMs, app } = process;
    const { name, version, metadata } = spec;
    const id = newInstanceId(name);
    const logger = process.logger(spec);
    this.spec = spec;
    this.#config = config;
    this.#process = process;
    this.#placements = new Map(
      spec.needs.map((need) => [need.name, new PlacementSwitch(process.placement(spec, need))]),
    );
    const options = resolveServiceOptions({
      name,
      version,
      id,
      metadata,
      registry,
      transport,
      address: [`memory://${id}`, ...(wire === undefined ? [] : [wire.address(name)])],
      ...(wire?.advertise === undefined ? {} : { advertise: wire.advertise }),
      ...(wire?.zone === undefined ? {} : { zone: wire.zone }),
      ...(wire?.registration === undefined ? {} : { registration: wire.registration }),
      middleware: [...process.middleware(spec), ...app.middleware, ...spec.middleware],
      telemetry: process.telemetry(spec, id),
      logger,
      clock,
      drainMs,
      graceMs,
      teardownMs,
    });
    const knownBy = wire === undefined ? "nobody" : registry.knownBy;
    this.#service = new ComposedService(
      { ...options, knownBy },
      { drain: (stop) => this.#drain(stop), ended: (stop) => this.#ended(stop) },
    );
    this.#listeners = new OwnedListeners(logger);
    this.#teardown = new Teardown(logger);
    this.#background = new BackgroundTasks({
      logger,
      onFailure: (error) => process.onFailure(spec.name, error),
    });
  }

  /** Undefined before it is ready. */
  get instance(): Instance | undefined {
    return this.#ready ? this.#service.instance : undefined;
  }

  get registration(): RegistrationStanding | undefined {
    return this.#service.registration;
  }

  /** @throws RangeError for a need it does not have */
  need(name: string): Need {
    const need = this.spec.needs.find((each) => each.name === name);
    if (need !== undefined) return need;
    const known = this.spec.needs.map((each) => each.name).join(", ") || "nothing";
    throw new RangeError(`${this.spec.name} has no need "${name}" (it needs: ${known})`);
  }

  placement(need: Need): PlacementSwitch {
    return this.#placements.get(need.name) as PlacementSwitch;
  }

  /** Resolves once it can be found and called. Where it fails nothing of it stays. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** In a start it does not wait for it to end. Never fails. @param stop of all that stop together */
  close(stop: StopTime = this.#service.stopTime()): Promise<void> {
    this.#stopping.abort();
    this.#closing ??= this.#close(stop);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { name } = this.spec;
    const { wire, onStep } = this.#process;
    try {
      onStep(`setting up ${name}`);
      addHandlers(this.#service, this.spec, await this.#setUp());
      const endpoints = await this.#listeners.start({ ...this.#step, onStep });
      for (const endpoint of endpoints) this.#service.addEndpoint(endpoint);
      onStep(`starting ${name}: ${wire === undefined ? "in process" : "to listen and to register"}`);
      await this.#service.start();
      if (this.#stopping.signal.aborted) throw new Error(`${name} was stopped while it started`);
      this.#ready = true;
      this.#background.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #setUp(): Promise<unknown> {
    const { spec } = this;
    const config = await this.#config;
    for (const { key, text } of this.#process.config.unused()) {
      if (key.startsWith(`${spec.name}.`)) this.#service.logger.warn({ key }, text);
    }
    return await startStep("setup", () => spec.setup(this.#context(config)), this.#step);
  }

  get #step(): StartStepOptions {
    const { clock, setupTimeoutMs } = this.#process;
    return { service: this.spec.name, clock, timeoutMs: setupTimeoutMs, signal: this.#stopping.signal };
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
      health: { set: (status) => this.#setHealth(status) },
      use: (resource) => this.#teardown.own(resource),
      defer: (hook) => this.#teardown.add(hook),
      onReady: (hook) => void service.onReady(() => startStep("onReady", hook, this.#step)),
      onDrain: (hook) => void service.onDrain(hook),
      onStop: (hook) => void service.onStop(hook),
      background: (name, task) => this.#background.add(name, task),
      listen: (listener) => this.#listeners.add(listener),
    };
  }

  #setHealth(status: ServingStatus): void {
    const contracts = [...this.spec.contracts.values()].map(({ fullName }) => fullName);
    for (const name of ["", ...contracts]) this.#service.server.health.set(name, status);
  }

  /** @throws TypeError for an option that cannot be, naming the need */
  #client(need: Need): unknown {
    const { registry, edge } = this.#process;
    const { middleware = [], attemptMiddleware = [] } = edge(this.spec.name, need.service);
    try {
      return this.#service.client(need.contract, need.service, {
        ...need.options,
        registry: registry.placed(this.placement(need)),
        middleware: [...middleware, ...(need.options.middleware ?? [])],
        attemptMiddleware: [...(need.options.attemptMiddleware ?? []), ...attemptMiddleware],
      });
    } catch (cause) {
      throw new TypeError(`needs.${need.name}: ${(cause as Error).message}`, { cause });
    }
  }

  /** The stop begins. Listeners of its own get as much time as its server. */
  #drain(stop: StopTime): void {
    this.#background.stop();
    this.#listenersClosed = this.#closeListeners(stop);
  }

  async #ended(stop: StopTime): Promise<void> {
    await Promise.all([this.#listenersClosed, this.#background.ended(stop)]);
  }

  async #close(stop: StopTime): Promise<void> {
    await this.#service.close(stop);
    this.#ready = false;
    await this.#listeners.close(stop);
    await this.#teardown.run(stop);
  }

  async #closeListeners(stop: StopTime): Promise<void> {
    const { clock, drainMs } = this.#process;
    const ms = Math.min(drainMs, stop.graceMs);
    if (this.#ready && this.#listeners.open && ms > 0) await sleep(clock, ms);
    await this.#listeners.close(stop);
  }
}
