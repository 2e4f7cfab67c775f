/**
 * The whole of it: a server, its registration, the clients it needs and its telemetry, in a handful of lines. The only
 * room that names default drivers.
 *
 * Promises: `start()` resolves when the service can be found and called, and leaves nothing behind where it fails; `close()`
 * stops in the order that loses no call: draining in the registry, a moment for everybody to see it, no new calls, the
 * running ones to their end, out of the registry, closed.
 */
import { type ClientBaseOptions, type ClosableClient, createClient } from "../client/client.js";
import {
  type Closeable,
  type Handlers,
  type Instance,
  type Logger,
  type Middleware,
  newInstanceId,
  type ServiceDefinition,
} from "../contract/contract.js";
import type { Registration, Registry } from "../registry/registry.js";
import { createServer, type Server } from "../server/server.js";
import { callLogging, clientTelemetry, createLogger, serverTelemetry, startTelemetry } from "../telemetry/telemetry.js";
import { type Clock, systemClock } from "../time/time.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";
import type { Address, Transport } from "../transport/transport.js";
import { advertised } from "./advertised.js";
import { defaultRegistryUrl, openRegistry } from "./open-registry.js";
import { untilSignal } from "./until-signal.js";

export { defaultRegistryUrl, type OpenRegistryOptions, openRegistry } from "./open-registry.js";

export interface ServiceOptions {
  /** What others find it by: lower case, digits and dashes. */
  readonly name: string;
  /** Default: `0.0.0`. */
  readonly version?: string;
  /** Default: opened from `HAWSER_REGISTRY`, or `hawser://127.0.0.1:7400` where that is not set. */
  readonly registry?: Registry;
  /** Default: `grpcJsTransport()`. */
  readonly transport?: Transport;
  /** Where to listen. Default: `HAWSER_ADDRESS`, or a free port on 127.0.0.1. */
  readonly address?: Address;
  /** The host others reach this one by. Default: the bound one, or this machine's first address where all are bound. */
  readonly advertise?: string;
  /** Labels for routing and for people. Default: none. */
  readonly metadata?: { readonly [key: string]: string };
  /** Share of the load relative to other instances. Default: 100. */
  readonly weight?: number;
  /** Default: `HAWSER_ZONE`, or none. */
  readonly zone?: string;
  /** Around every call that comes in; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Default: pino, one JSON object a line, from level `HAWSER_LOG_LEVEL` (`info`). */
  readonly logger?: Logger;
  /** How long watchers have to see that this instance drains before it refuses calls, in ms. Default: 500. */
  readonly drainMs?: number;
  /** How long running calls may take at a stop, in ms, before they are cancelled. Default: 25 000. */
  readonly graceMs?: number;
  readonly clock?: Clock;
}

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
  return new ComposedService(options);
}

class ComposedService implements Service {
  readonly name: string;
  readonly logger: Logger;
  readonly server: Server;
  readonly #options: ServiceOptions;
  readonly #version: string;
  readonly #id: string;
  readonly #registry: Registry;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #clients: AsyncDisposable[] = [];
  #instance: Instance | undefined;
  #registration: Registration | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ServiceOptions) {
    const { name, version = "0.0.0", clock = systemClock } = options;
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
      throw new TypeError(`name: expected lower case letters, digits and dashes, was ${JSON.stringify(name)}`);
    }
    this.name = name;
    this.#options = options;
    this.#version = version;
    this.#id = newInstanceId(name);
    this.#clock = clock;
    this.logger = options.logger ?? createLogger({ service: name, version, ...logLevel() });
    this.#registry =
      options.registry ?? openRegistry(process.env["HAWSER_REGISTRY"] ?? defaultRegistryUrl, { logger: this.logger });
    this.#transport = options.transport ?? grpcJsTransport();
    this.server = createServer({
      transport: this.#transport,
      address: options.address ?? process.env["HAWSER_ADDRESS"] ?? "grpc://127.0.0.1:0",
      middleware: [
        serverTelemetry({ clock }),
        callLogging({ logger: this.logger, clock }),
        ...(options.middleware ?? []),
      ],
    });
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
    const telemetry = clientTelemetry({ target: service, clock: this.#clock });
    const client = createClient(definition, {
      transport: this.#transport,
      clock: this.#clock,
      ...options,
      registry: this.#registry,
      service,
      middleware: [telemetry.call, ...(options.middleware ?? [])],
      attemptMiddleware: [
        callLogging({ logger: this.logger, clock: this.#clock }),
        ...(options.attemptMiddleware ?? []),
        telemetry.attempt,
      ],
    });
    this.#clients.push(client);
    return client;
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(): Promise<void> {
    const stopped = untilSignal();
    const telemetry = await startTelemetry({
      serviceName: this.name,
      serviceVersion: this.#version,
      instanceId: this.#id,
      logger: this.logger,
    });
    try {
      await this.start();
      this.logger.info({ signal: await stopped }, "stopping");
    } finally {
      await this.close();
      await this.#registry.close();
      await telemetry.close();
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
    await this.server.start();
    const { advertise, metadata = {}, weight = 100, zone = process.env["HAWSER_ZONE"] ?? "" } = this.#options;
    const instance: Instance = {
      id: this.#id,
      service: this.name,
      version: this.#version,
      endpoints: [advertised(this.server.address, advertise)],
      contracts: this.server.contracts,
      metadata,
      weight,
      zone,
      state: "serving",
      startedAt: new Date(this.#clock.now()),
    };
    try {
      this.#registration = await this.#registry.register(instance);
    } catch (error) {
      await this.server.close({ graceMs: 0 });
      throw error;
    }
    this.#instance = instance;
    this.logger.info(
      { instance: instance.id, endpoints: instance.endpoints, registry: this.#registry.name },
      "serving",
    );
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => {});
    const { drainMs = 500, graceMs } = this.#options;
    if (this.#registration !== undefined && this.#instance !== undefined) {
      await this.#announceDraining(this.#registration, this.#instance);
      await new Promise<void>((resolve) => this.#clock.timer(drainMs, resolve));
    }
    await this.server.close(graceMs === undefined ? {} : { graceMs });
    await this.#registration?.close();
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
  }

  /** Where the registry is away nobody can be told; the stop goes on all the same. */
  async #announceDraining(registration: Registration, instance: Instance): Promise<void> {
    try {
      await registration.update({ ...instance, state: "draining" });
    } catch (err) {
      this.logger.warn({ err, registry: this.#registry.name }, "could not announce the stop");
    }
  }
}

function logLevel(): { readonly level?: "debug" | "info" | "warn" | "error" | "silent" } {
  const level = process.env["HAWSER_LOG_LEVEL"];
  if (level === undefined || level === "") return {};
  if (level === "debug" || level === "info" || level === "warn" || level === "error" || level === "silent")
    return { level };
  throw new TypeError(`HAWSER_LOG_LEVEL: expected debug, info, warn, error or silent, was ${JSON.stringify(level)}`);
}
