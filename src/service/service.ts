/**
 * The whole of it: a server, its registration, the clients it needs and its telemetry, in a handful of lines. The only
 * room that names default drivers.
 *
 * Promises: `start()` resolves when the service can be found and called, and leaves nothing behind where it fails; `close()`
 * stops in the order that loses no call: draining in the registry, a moment for everybody to see it, no new calls, the
 * running ones to their end, out of the registry, closed.
 */
import { type ClientBaseOptions, type ClosableClient, createClient } from "../client/client.js";
import type { Closeable, Handlers, Instance, Logger, ServiceDefinition } from "../contract/contract.js";
import type { Registration } from "../registry/registry.js";
import { createServer, type Server } from "../server/server.js";
import { callLogging, clientTelemetry, serverTelemetry, startTelemetry } from "../telemetry/telemetry.js";
import { sleep } from "../time/time.js";
import type { Transport } from "../transport/transport.js";
import { advertised } from "./advertised.js";
import { type ResolvedServiceOptions, resolveServiceOptions, type ServiceOptions } from "./options.js";
import { untilSignal } from "./until-signal.js";

export { defaultRegistryUrl, type OpenRegistryOptions, openRegistry } from "./open-registry.js";
export type { ServiceOptions } from "./options.js";

/** What a client made by a service may still choose. */
export type ServiceClientOptions = Omit<ClientBaseOptions, "transport"> & { readonly transport?: Transport };

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
  #instance: Instance | undefined;
  #registration: Registration | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedServiceOptions) {
    const { name, logger, transport, address, middleware, clock } = options;
    this.name = name;
    this.logger = logger;
    this.#options = options;
    const observed = [serverTelemetry({ clock }), callLogging({ logger, clock, causes: false })];
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
    const { transport, registry, clock, logger } = this.#options;
    const telemetry = clientTelemetry({ target: service, clock });
    const { middleware = [], attemptMiddleware = [] } = options;
    const client = createClient(definition, {
      transport,
      clock,
      ...options,
      registry,
      service,
      middleware: [telemetry.call, ...middleware],
      attemptMiddleware: [callLogging({ logger, clock }), ...attemptMiddleware, telemetry.attempt],
    });
    this.#clients.push(client);
    return client;
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
      endpoints: [advertised(this.server.address, advertise)],
      contracts: this.server.contracts,
      metadata,
      weight,
      zone,
      state: "serving",
      startedAt: new Date(clock.now()),
    };
    try {
      this.#registration = await registry.register(instance);
    } catch (error) {
      await this.server.close({ graceMs: 0 });
      throw error;
    }
    this.#instance = instance;
    this.logger.info({ instance: id, endpoints: instance.endpoints, registry: registry.name }, "serving");
  }

  async #close(): Promise<void> {
    const { drainMs, graceMs, clock, registry, ownsRegistry } = this.#options;
    await this.#starting?.catch(() => {});
    if (this.#registration !== undefined && this.#instance !== undefined) {
      await this.#announceDraining(this.#registration, this.#instance);
      await sleep(clock, drainMs);
    }
    await this.server.close({ graceMs });
    await this.#registration?.close();
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    if (ownsRegistry) await registry.close();
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
