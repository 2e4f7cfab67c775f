import { type ClientBaseOptions, type ClosableClient, createClient } from "../client/client.js";
import type { Logger, ServiceDefinition } from "../contract/contract.js";
import type { Registry } from "../registry/registry.js";
import { callLogging, clientTelemetry, type TelemetryOptions } from "../telemetry/telemetry.js";
import type { Clock } from "../time/time.js";

export interface TracedClientOptions extends ClientBaseOptions {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly telemetry: TelemetryOptions;
}

/** A client that is traced, measured and logged. */
export function tracedClient<D extends ServiceDefinition>(
  definition: D,
  service: string,
  { logger, telemetry, ...options }: TracedClientOptions,
): ClosableClient<D> {
  const { middleware = [], attemptMiddleware = [], clock } = options;
  const { call, attempt } = clientTelemetry({ ...telemetry, target: service, clock });
  return createClient(definition, {
    ...options,
    service,
    middleware: [call, ...middleware],
    attemptMiddleware: [callLogging({ logger, clock }), attempt, ...attemptMiddleware],
  });
}
