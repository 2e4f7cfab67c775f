import type { ClientBaseOptions, ClosableClient } from "../client/client.js";
import type { Closeable, Handlers, Instance, Logger, ServiceDefinition } from "../contract/contract.js";
import type { Registry } from "../registry/registry.js";
import type { Server } from "../server/server.js";
import type { Transport } from "../transport/transport.js";
import type { RegistrationStanding } from "./presence.js";
import type { Hook } from "./spec.js";

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
  /** How it stands with its registry. Undefined before `start()`, and where the registry cannot register. */
  readonly registration: RegistrationStanding | undefined;
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
  /** Once it can be found and called, as `starting` until the last is over: others call it where nobody serves. Where it fails, `start()` does. */
  onReady(hook: Hook): this;
  /** When the stop begins: others are told, calls still come. The log says where it fails, or takes too long. */
  onDrain(hook: Hook): this;
  /** When the last call is over; clients can still be used. The log says where it fails, or takes too long. */
  onStop(hook: Hook): this;
  /** Resolves once it listens, is registered (see `ServiceOptions.registration`), and its `onReady` hooks are over. @throws Error where it was closed meanwhile */
  start(): Promise<void>;
  /**
   * For a process that does nothing else: starts telemetry and the service, waits for SIGINT or SIGTERM, stops cleanly and
   * closes the registry too.
   */
  run(): Promise<void>;
  /** Ends a start as well. Takes `drainMs`, `graceMs` and `teardownMs` at most, and never fails: the log says what did, and what hangs is left behind. */
  close(): Promise<void>;
}
