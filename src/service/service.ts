/**
 * Services whole: a server, its registration, the clients it needs and its telemetry; as values that make up an app, which
 * runs in one process or in many. The only room that names default drivers.
 *
 * Promises: a start resolves when the service can be found and called, and leaves nothing behind where it fails; a stop
 * goes in the order that loses no call: draining in the registry, a moment for everybody to see it, no new calls, the
 * running ones to their end, out of the registry, closed. A call to a service of the same process means what it means over
 * the wire: the same middleware, deadlines, cancellation, metadata, errors, spans and metrics, on copies of the messages.
 */
export type { EdgeMiddleware } from "./app/process-context.js";
export type { RunningApp } from "./app/running-app.js";
export { type RemoteOptions, type StartAppOptions, startApp } from "./app/start-app.js";
export { createService } from "./create-service.js";
export { type App, type AppOptions, type AppProcess, defineApp } from "./define-app.js";
export { defineService } from "./define-service.js";
export { type HttpListenerOptions, httpListener } from "./http-listener.js";
export { defaultRegistryUrl, type OpenRegistryOptions, openRegistry } from "./open-registry.js";
export { defaultTransport, openTransport, type TransportName } from "./open-transport.js";
export type { ServiceOptions } from "./options.js";
export type { RegistrationStanding } from "./presence.js";
export type { Service, ServiceClientOptions } from "./service-interface.js";
export type {
  ContractSpec,
  HandlersOf,
  Hook,
  NeedOptions,
  NeedSpec,
  NeedsOf,
  NeedsSpec,
  OwnedListener,
  Placement,
  ServiceDefinitionOptions,
  ServiceHealth,
  ServiceSpec,
  SetupContext,
} from "./spec.js";
