/**
 * What most programs need. Everything else, and each of these alone, is behind `hawser/<room>`.
 */
export { type ClientOptions, type ClosableClient, createClient } from "./client/client.js";
export type { CallOptions, Client, HandlerCall, Handlers, Instance, Middleware } from "./contract/contract.js";
export { Metadata } from "./contract/contract.js";
export { Code, detail, RpcError } from "./errors/errors.js";
export { createServer, type Server, type ServerOptions } from "./server/server.js";
export { type GrpcJsTransportOptions, grpcJsTransport } from "./service/grpc-js-transport.js";
export {
  type App,
  createService,
  defaultTransport,
  defineApp,
  defineService,
  httpListener,
  openRegistry,
  openTransport,
  type RunningApp,
  type Service,
  type ServiceClientOptions,
  type ServiceOptions,
  type ServiceSpec,
  type StartAppOptions,
  startApp,
  type TransportName,
} from "./service/service.js";
export { startTelemetry } from "./telemetry/telemetry.js";
export { type Http2TransportOptions, http2Transport } from "./transport/http2/http2.js";
export { memoryTransport } from "./transport/memory/memory.js";
