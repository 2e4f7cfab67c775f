/** Everything of Hawser that is measured here but the transports, as the folder above has built it. */
export { type ClosableClient, createClient } from "../../../../dist/client/client.js";
export {
  type Handlers,
  type Instance,
  newInstanceId,
  type ServiceDefinition,
  silentLogger,
} from "../../../../dist/contract/contract.js";
export { Code } from "../../../../dist/errors/errors.js";
export { memoryRegistry } from "../../../../dist/registry/memory/memory.js";
export { createServer, type Server } from "../../../../dist/server/server.js";
export { defineApp, defineService, startApp } from "../../../../dist/service/service.js";
export { clientTelemetry, serverTelemetry } from "../../../../dist/telemetry/telemetry.js";
export type { Transport } from "../../../../dist/transport/transport.js";
