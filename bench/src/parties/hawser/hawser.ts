/** Everything of Hawser that is measured here, as the folder above has built it. */
export { createClient } from "../../../../dist/client/client.js";
export { type Handlers, type Instance, newInstanceId, silentLogger } from "../../../../dist/contract/contract.js";
export { memoryRegistry } from "../../../../dist/registry/memory/memory.js";
export { createServer, type Server } from "../../../../dist/server/server.js";
export { defineApp, defineService, startApp } from "../../../../dist/service/service.js";
export { clientTelemetry, serverTelemetry } from "../../../../dist/telemetry/telemetry.js";
export { grpcJsTransport } from "../../../../dist/transport/grpc-js/grpc-js.js";
export { memoryTransport } from "../../../../dist/transport/memory/memory.js";
export type { Transport } from "../../../../dist/transport/transport.js";
