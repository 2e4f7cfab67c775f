/**
 * What is going on: traces, metrics, and logs that name their trace. The only door to `@opentelemetry/*`.
 *
 * Promises to callers: nothing here makes a call fail; until an OpenTelemetry SDK is there to listen, a call costs next to
 * nothing; a span ends exactly once, however its call ends, at the latest when its response stream has been read or given
 * up. Demands of the server that it reads or gives up every response stream it was handed, and of the client that
 * `clientTelemetry().call` stands outermost, and `.attempt` outside of what may end an attempt.
 */
export { type CallLoggingOptions, callLogging } from "./call-logging.js";
export { type CallCounts, type CallStats, type CallStatsOptions, callStats } from "./call-stats.js";
export type { TelemetryOptions } from "./call-telemetry.js";
export { type ClientTelemetry, type ClientTelemetryOptions, clientTelemetry } from "./client-telemetry.js";
export { createLogger, type LoggerOptions, logFields } from "./logger.js";
export { type RegistryMetricsOptions, registryMetrics } from "./registry-metrics.js";
export { type ServerTelemetryOptions, serverTelemetry } from "./server-telemetry.js";
export type { ServiceIdentity } from "./service-identity.js";
export {
  type ServiceTelemetry,
  type StartTelemetryOptions,
  startTelemetry,
  type Telemetry,
} from "./start-telemetry.js";
