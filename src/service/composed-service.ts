import type { ClosableClient } from "../client/client.js";
import type { Closeable, Handlers, Instance, Logger, ServiceDefinition } from "../contract/contract.js";
import { createServer, type Server } from "../server/server.js";
import { callLogging, serverTelemetry, startTelemetry } from "../telemetry/telemetry.js";
import { sleep } from "../time/time.js";
import { advertised } from "./advertised.js";
import type { ResolvedServiceOptions } from "./options.js";
import { OwnedClients } from "./owned-clients.js";
import { Presence, type RegistrationStanding } from "./presence.js";
import type { Service, ServiceClientOptions } from "./service-interface.js";
import type { Hook } from "./spec.js";
import { nameOf, StopTime } from "./stop-time.js";
import { tracedClient } from "./traced-client.js";
import { unlessAborted } from "./unless-aborted.js";
import { untilSignal } from "./until-signal.js";

/** What a service does beside its calls, and what ends with them. */
export interface Sideline {
  /** The stop begins. */
  drain(stop: StopTime): void;
  /** The last call is over. */
  ended(stop: StopTime): Promise<void>;
}

/** The machine behind `createService()`. */
export class ComposedService implements Service {
  readonly name: string;
  readonly logger: Logger;
  readonly server: Server;
  readonly #options: ResolvedServiceOptions;
  readonly #sideline: Sideline | undefined;
  readonly #presence: Presence;
  readonly #ready: () => void;
  readonly #clients = new OwnedClients();
  readonly #endpoints: string[] = [];
  readonly #hooks = { onReady: [] as Hook[], onDrain: [] as Hook[], onStop: [] as Hook[] };
  readonly #stopping = new AbortController();
  #starting: Promise<void> | undefined;
  #stop: StopTime | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedServiceOptions, sideline?: Sideline) {
    const { name, logger, registry, registration, knownBy, transport, address, middleware, clock, telemetry } = options;
    this.name = name;
    this.logger = logger;
    this.#options = options;
    this.#sideline = sideline;
    const observed = [serverTelemetry({ ...telemetry, clock }), callLogging({ logger, clock, causes: false })];
    this.server = createServer({ transport, address, middleware: [...observed, ...middleware], logger, clock });
    const { health } = this.server;
    this.#ready = health.hold();
    this.#presence = new Presence({ registry, registration, knownBy, health, logger, clock });
  }

  get instance(): Instance {
    const { instance } = this.#presence;
    if (instance === undefined) throw new Error(`${this.name} is no instance before start()`);
    return instance;
  }

  get registration(): RegistrationStanding | undefined {
    return this.#presence.standing;
  }

  add<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): this {
    this.server.add(definition, handlers);
    return this;
  }

  client<D extends ServiceDefinition>(
    definition: D,
    service: string,
    options: ServiceClientOptions = {},
  ): ClosableClient<D> {
    const { transport, registry, clock, logger, telemetry } = this.#options;
    const client = tracedClient(definition, service, { transport, registry, clock, logger, telemetry, ...options });
    return this.#clients.keep(service, client);
  }

  addEndpoint(endpoint: string): this {
    if (this.#presence.instance !== undefined) throw new Error(`${this.name}: endpoints are added before start()`);
    this.#endpoints.push(endpoint);
    return this;
  }

  onReady(hook: Hook): this {
    this.#hooks.onReady.push(hook);
    return this;
  }

  onDrain(hook: Hook): this {
    this.#hooks.onDrain.push(hook);
    return this;
  }

  onStop(hook: Hook): this {
    this.#hooks.onStop.push(hook);
    return this;
  }

  start(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error(`${this.name} is closed; make a new service`));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(): Promise<void> {
    const { version, id, registry, logger } = this.#options;
    const asked = untilSignal();
    let telemetry: Closeable | undefined;
    try {
      telemetry = await startTelemetry({ serviceName: this.name, serviceVersion: version, instanceId: id, logger });
      const started = this.start();
      const signal = await Promise.race([asked.signal, started.then(() => asked.signal)]);
      logger.info({ signal }, "stopping");
    } finally {
      const stop = this.stopTime();
      await this.close(stop);
      await stop.late(`the registry ${registry.name}`, logger, () => registry.close());
      await stop.late("telemetry", logger, () => telemetry?.close());
      asked.release();
    }
  }

  /** What a stop that begins now has. */
  stopTime(): StopTime {
    const { clock, drainMs, graceMs, teardownMs } = this.#options;
    return new StopTime({ clock, graceMs: drainMs + graceMs, teardownMs });
  }

  /** @param stop of all that stop together */
  close(stop: StopTime = this.stopTime()): Promise<void> {
    this.#stop ??= stop;
    this.#stopping.abort();
    this.#closing ??= this.#close(this.#stop);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { id, registry, transport } = this.#options;
    const { onReady } = this.#hooks;
    await this.server.start();
    try {
      await this.#presence.enter(
        this.#describe(onReady.length === 0 ? "serving" : "starting"),
        this.#stopping.signal,
        this.#stoppedBefore("registration"),
      );
      for (const hook of onReady) await this.#unlessStopped("onReady", async () => hook());
      if (onReady.length > 0) await this.#unlessStopped("registration", () => this.#presence.become("serving"));
    } catch (error) {
      await this.#goQuietly(this.#stop ?? this.stopTime());
      throw error;
    }
    this.#ready();
    const { endpoints } = this.instance;
    this.logger.info({ instance: id, endpoints, registry: registry.name, transport: transport.name }, "serving");
  }

  async #unlessStopped(step: string, run: () => Promise<unknown>): Promise<void> {
    await unlessAborted(this.#stopping.signal, this.#stoppedBefore(step), run);
  }

  #stoppedBefore(step: string): () => Error {
    return () => new Error(`${this.name} was stopped before its ${step} had ended`);
  }

  #describe(state: Instance["state"]): Instance {
    const { id, version, advertise, metadata, weight, zone, clock } = this.#options;
    return {
      id,
      service: this.name,
      version,
      endpoints: [...this.server.addresses.map((address) => advertised(address, advertise)), ...this.#endpoints],
      contracts: this.server.contracts,
      metadata,
      weight,
      zone,
      state,
      startedAt: new Date(clock.now()),
    };
  }

  async #close(stop: StopTime): Promise<void> {
    const { registry, ownsRegistry } = this.#options;
    const started = await this.#starting?.then(
      () => true,
      () => false,
    );
    if (started) await this.#go(stop);
    else await this.#endCalls(stop);
    await this.#clients.close(stop, this.logger);
    if (ownsRegistry) await stop.late(`the registry ${registry.name}`, this.logger, () => registry.close());
  }

  /** Where it was there. */
  async #go(stop: StopTime): Promise<void> {
    await this.#announceDraining(stop);
    this.#sideline?.drain(stop);
    for (const [index, hook] of this.#hooks.onDrain.entries())
      await stop.early(nameOf("onDrain", index, hook.name), this.logger, hook);
    await this.#letOthersSee(stop);
    await this.#endCalls(stop);
    await this.#sideline?.ended(stop);
    for (const [index, hook] of this.#hooks.onStop.entries())
      await stop.late(nameOf("onStop", index, hook.name), this.logger, hook);
    await this.#deregister(stop);
  }

  /** Where it was found by some, and could not start: nobody who belongs to it is to be told. */
  async #goQuietly(stop: StopTime): Promise<void> {
    await this.#announceDraining(stop);
    await this.#letOthersSee(stop);
    await this.#endCalls(stop);
    await this.#deregister(stop);
  }

  #announceDraining(stop: StopTime): Promise<void> {
    this.server.health.hold();
    return stop.early("the announcement of the stop", this.logger, () => this.#presence.become("draining"));
  }

  async #letOthersSee(stop: StopTime): Promise<void> {
    const { clock, drainMs } = this.#options;
    const ms = Math.min(drainMs, stop.graceMs);
    if (ms > 0 && this.#presence.instance !== undefined) await sleep(clock, ms);
  }

  /** Where nobody could find it, nobody's call is waited for. */
  #endCalls(stop: StopTime): Promise<void> {
    const graceMs = this.#presence.instance === undefined ? 0 : stop.graceMs;
    return stop.late("the server", this.logger, () => this.server.close({ graceMs }));
  }

  /** Where it was asked for and never had, it is waited for a moment, so that it does not come when all is over. */
  #deregister(stop: StopTime): Promise<void> {
    const leave = (): Promise<void> => this.#presence.leave();
    if (this.#presence.instance === undefined) return stop.soon("the registration", this.logger, leave);
    return stop.late("the registration", this.logger, leave);
  }
}
