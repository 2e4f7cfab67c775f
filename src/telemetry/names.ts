/**
 * The names of everything that is emitted: the stable RPC conventions of OpenTelemetry 1.45, and our own under `hawser.`
 * where those have none. `docs/telemetry.md` lists them all; a test holds the list against this file.
 * Source: https://opentelemetry.io/docs/specs/semconv/rpc/
 */
export const Attribute = {
  SYSTEM: "rpc.system.name",
  METHOD: "rpc.method",
  STATUS_CODE: "rpc.status_code",
  ERROR_TYPE: "error.type",
  SERVER_ADDRESS: "server.address",
  SERVER_PORT: "server.port",
  PEER_ADDRESS: "network.peer.address",
  PEER_PORT: "network.peer.port",
  MESSAGES_SENT: "hawser.messages.sent",
  MESSAGES_RECEIVED: "hawser.messages.received",
  ERROR_ID: "hawser.error_id",
  ATTEMPT_NUMBER: "hawser.attempt.number",
  INSTANCE_ID: "hawser.instance.id",
  PLACEMENT: "hawser.placement",
  SERVICE: "hawser.service.name",
  REGISTRY: "hawser.registry.name",
  REGISTRATION_STATE: "hawser.registration.state",
  OUTCOME: "hawser.outcome",
} as const;

export const Metric = {
  CLIENT_CALL_DURATION: "rpc.client.call.duration",
  SERVER_CALL_DURATION: "rpc.server.call.duration",
  CLIENT_CALLS_IN_FLIGHT: "hawser.client.calls_in_flight",
  SERVER_CALLS_IN_FLIGHT: "hawser.server.calls_in_flight",
  REGISTRATIONS: "hawser.registry.registrations",
  RENEWALS: "hawser.registry.renewals",
  WATCH_RESTARTS: "hawser.registry.watch_restarts",
  CHANGES: "hawser.registry.changes",
  SNAPSHOT_AGE: "hawser.registry.snapshot_age",
  INSTANCES: "hawser.registry.instances",
  STALE: "hawser.registry.stale",
} as const;

export const SpanEvent = { ATTEMPT: "attempt" } as const;

/** The instrumentation scope of all spans and metrics. */
export const scopeName = "hawser";
