import type { ClientBaseOptions, ClosableClient } from "../client/client.js";
import type { Closeable, Handlers, Instance, Logger, ServiceDefinition } from "../contract/contract.js";
import type { Registration, Registry } from "../registry/registry.js";
import { createServer, type Server } from "../server/server.js";
import { callLogging, serverTelemetry, startTelemetry } from "../telemetry/telemetry.js";
import { sleep } from "../time/time.js";
import type { Transport } from "../transport/transport.js";
import { advertised } from "./advertised.js";
import { endsWithin } from "./ends-within.js";
import { type ResolvedServiceOptions, resolveServiceOptions, type ServiceOptions } from "./options.js";
import type { Hook } from "./spec.js";
import { tracedClient } from "./traced-client.js";
import { untilSignal } from "./until-signal.js";

/** What a client made by a service may still choose; transport and registry are the service's where nothing is said. */
export type ServiceClientOptions = Omit<ClientBaseOptions, "transport"> & {
  readonly transport?: Transport;
  readonly registry?: Registry;
};

export interface Service extends Closeable {
  readonly name: string;
  readonly logger: Logger;
  readonly server: Server;
  /** As the registry knows it. @throws Error before `start()` */
  readonly instance: Instance;
  /** Serves a contract. @throws TypeError where contract and handlers do not match */
  add<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): this;
  /** A client of another service, found in the same registry; closed with this one. */
  client<D extends ServiceDefinition>(
    definition: D,
    service: string,
    options?: ServiceClientOptions,
  ): ClosableClient<D>;
  /** One more way to reach it, beside its server: `http://10.0.0.7:8080`. @throws Error after `start()` */
  addEndpoint(endpoint: string): this;
  /** Once it can be found and called. Where it fails, `start()` does. */
  onReady(hook: Hook): this;
  /** When the stop begins: others are told, calls still come. A failure is logged. */
  onDrain(hook: Hook): this;
  /** When the last call is over; clients can still be used. A failure is logged. */
  onStop(hook: Hook): this;
  /** Resolves once it listens and is registered. */
  start(): Promise<void>;
  /**
   * For a process that does nothing else: starts telemetry and the service, waits for SIGINT or SIGTERM, stops cleanly and
   * closes the registry too.
   */
  run(): Promise<void>;
}

/**
 * Makes a service. Begins no work before `start()` or `run()`.
 *
 * @throws TypeError for an option that cannot be, naming it
 * @example
 * const service = createService({ name: "greeter", version: "1.0.0" })
 *   .add(GreeterServiceDefinition, { sayHello: ({ name }) => ({ text: `Hello ${name}` }) });
 * await service.run();
 */
export function createService(options: ServiceOptions): Service {
  return new ComposedService(resolveServiceOptions(options));
}

class ComposedService implements Service {
  readonly name: string;
  readonly logger: Logger;
  readonly server: Server;
  readonly #options: ResolvedServiceOptions;
  readonly #clients: AsyncDisposable[] = [];
  readonly #endpoints: string[] = [];
  readonly #hooks = { ready: [] as Hook[], drain: [] as Hook[], stop: [] as Hook[] };
  #instance: Instance | undefined;
  #registration: Registration | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedServiceOptions) {
    const { name, logger, transport, address, middleware, clock, telemetry } = options;
    this.name = name;
    this.logger = logger;
    this.#options = options;
    const observed = [serverTelemetry({ ...telemetry, clock }), callLogging({ logger, clock, causes: false })];
    this.server = createServer({ transport, address, middleware: [...observed, ...middleware], logger });
  }

  get instance(): Instance {
    if (this.#instance === undefined) throw new Error(`${this.name} is no instance before start()`);
    return this.#instance;
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
    this.#clients.push(client);
    return client;
  }

  addEndpoint(endpoint: string): this {
    if (this.#instance !== undefined) throw new Error(`${this.name}: endpoints are added before start()`);
    this.#endpoints.push(endpoint);
    return this;
  }

  onReady(hook: Hook): this {
    this.#hooks.ready.push(hook);
    return this;
  }

  onDrain(hook: Hook): this {
    this.#hooks.drain.push(hook);
    return this;
  }

  onStop(hook: Hook): this {
    this.#hooks.stop.push(hook);
    return this;
  }

  start(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error(`${this.name} is closed; make a new service`));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(): Promise<void> {
    const { version, id, registry, logger } = this.#options;
    const stop = untilSignal();
    let telemetry: Closeable | undefined;
    try {
      telemetry = await startTelemetry({ serviceName: this.name, serviceVersion: version, instanceId: id, logger });
      const started = this.start();
      const signal = await Promise.race([stop.signal, started.then(() => stop.signal)]);
      logger.info({ signal }, "stopping");
      // Where the start still waits for its registry, it waits no longer.
      if (this.#instance === undefined) await registry.close();
    } finally {
      await this.close();
      await registry.close();
      await telemetry?.close();
      stop.release();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { id, version, registry, advertise, metadata, weight, zone, clock } = this.#options;
    await this.server.start();
    const instance: Instance = {
      id,
      service: this.name,
      version,
      endpoints: [...this.server.addresses.map((address) => advertised(address, advertise)), ...this.#endpoints],
      contracts: this.server.contracts,
      metadata,
      weight,
      zone,
      state: "serving",
      startedAt: new Date(clock.now()),
    };
    try {
      this.#registration = await registry.register(instance);
      this.#instance = instance;
      for (const hook of this.#hooks.ready) await hook();
    } catch (error) {
      await this.#registration?.close();
      this.#registration = undefined; // nobody is to be told of a stop
      await this.server.close({ graceMs: 0 });
      throw error;
    }
    this.logger.info({ instance: id, endpoints: instance.endpoints, registry: registry.name }, "serving");
  }

  async #close(): Promise<void> {
    const { drainMs, graceMs, clock, registry, ownsRegistry } = this.#options;
    await this.#starting?.catch(() => {});
    if (this.#registration !== undefined && this.#instance !== undefined) {
      await this.#announceDraining(this.#registration, this.#instance);
      await this.#run(this.#hooks.drain);
      if (drainMs > 0) await sleep(clock, drainMs);
    }
    await this.server.close({ graceMs });
    if (this.#instance !== undefined) await this.#run(this.#hooks.stop);
    await this.#registration?.close();
    const clients = Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    if (!(await endsWithin(graceMs, clock, clients)))
      this.logger.error({}, `calls made by this service do not end; left behind after ${graceMs} ms`);
    if (ownsRegistry) await registry.close();
  }

  /** In a stop: one that fails holds up nobody. */
  async #run(hooks: readonly Hook[]): Promise<void> {
    for (const hook of hooks) {
      try {
        await hook();
      } catch (err) {
        this.logger.error({ err }, "a hook failed in the stop");
      }
    }
  }

  /** Where the registry is away nobody can be told; the stop goes on all the same. */
  async #announceDraining(registration: Registration, instance: Instance): Promise<void> {
    try {
      await registration.update({ ...instance, state: "draining" });
    } catch (err) {
      this.logger.warn({ err, registry: this.#options.registry.name }, "could not announce the stop");
    }
  }
}
