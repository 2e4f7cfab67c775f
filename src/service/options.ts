import { type Logger, type Middleware, newInstanceId } from "../contract/contract.js";
import type { Registry } from "../registry/registry.js";
import { createLogger, registryMetrics, type TelemetryOptions } from "../telemetry/telemetry.js";
import { type Clock, systemClock } from "../time/time.js";
import type { Address, Transport } from "../transport/transport.js";
import { defaultRegistryUrl, openRegistry } from "./open-registry.js";
import { defaultTransport } from "./open-transport.js";
import type { KnownBy } from "./presence.js";
import { withoutPasswords } from "./registry-url.js";

export interface ServiceOptions {
  /** What others find it by: lower case, digits and dashes. */
  readonly name: string;
  /** Default: `0.0.0`. */
  readonly version?: string;
  /** Of this instance, unique among all. Default: the name and 48 random bits. */
  readonly id?: string;
  /**
   * Stays its maker's to close, but for `run()`. Default: opened from `HAWSER_REGISTRY`, or `hawser://127.0.0.1:7400` where that
   * is not set, and closed with the service.
   */
  readonly registry?: Registry;
  /**
   * What a start makes of a registry that is away. `required`: it fails after 10 s, for whoever starts the process to try
   * again. `eventual`: it goes on, and the service is registered once the registry is back; until then it serves who
   * calls it by address, and its health says NOT_SERVING. Default: `HAWSER_REGISTRATION`, or `required`.
   */
  readonly registration?: "required" | "eventual";
  /** Default: the one that `HAWSER_TRANSPORT` names, `http2` or `grpc-js`; see `defaultTransport()`. */
  readonly transport?: Transport;
  /** Where to listen; at several addresses where it is to be reached by several. Default: `HAWSER_ADDRESS`, or a free port on 127.0.0.1. */
  readonly address?: Address | readonly Address[];
  /**
   * The host others reach this one by. Default: `HAWSER_ADVERTISE`, or the bound one, or this machine's first address where
   * all are bound.
   */
  readonly advertise?: string;
  /** Labels for routing and for people. Default: none. */
  readonly metadata?: { readonly [key: string]: string };
  /** Share of the load relative to other instances. Default: 100. */
  readonly weight?: number;
  /** Default: `HAWSER_ZONE`, or none. */
  readonly zone?: string;
  /** Around every call that comes in; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Where its spans and metrics go. Default: the global providers of `@opentelemetry/api`. */
  readonly telemetry?: TelemetryOptions;
  /** Default: pino, one JSON object a line, from level `HAWSER_LOG_LEVEL` (`info`). */
  readonly logger?: Logger;
  /** How long watchers have to see that this instance drains before it refuses calls, in ms. Default: 500. */
  readonly drainMs?: number;
  /** How long running calls may take at a stop, in ms, before they are cancelled. Default: 25 000. */
  readonly graceMs?: number;
  /** How much longer hooks, teardown and registry may take, in ms, all together; what hangs is left behind then. Default: 2000. */
  readonly teardownMs?: number;
  readonly clock?: Clock;
}

/** Everything a service runs with; nothing is left to choose. */
export interface ResolvedServiceOptions extends Required<Omit<ServiceOptions, "advertise">> {
  readonly advertise: string | undefined;
  readonly knownBy: KnownBy;
  /** Whether the service opened the registry itself. */
  readonly ownsRegistry: boolean;
}

/** @throws TypeError where others could not find it by this name */
export function checkName(option: string, name: string): void {
  if (typeof name === "string" && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return;
  throw new TypeError(`${option}: expected lower case letters, digits and dashes, was ${JSON.stringify(name)}`);
}

/** Fills the defaults, from the environment where an operator decides. @throws TypeError or RangeError that names the option */
export function resolveServiceOptions(options: ServiceOptions): ResolvedServiceOptions {
  const { name, version = "0.0.0", weight = 100, drainMs = 500, graceMs = 25_000, teardownMs = 2000 } = options;
  checkName("name", name);
  if (!(Number.isInteger(weight) && weight > 0))
    throw new RangeError(`weight: must be a whole number above 0, was ${weight}`);
  if (!(drainMs >= 0)) throw new RangeError(`drainMs: must be 0 or more, was ${drainMs}`);
  if (!(graceMs >= 0)) throw new RangeError(`graceMs: must be 0 or more, was ${graceMs}`);
  if (!(teardownMs >= 0)) throw new RangeError(`teardownMs: must be 0 or more, was ${teardownMs}`);
  const logger = options.logger ?? createLogger({ service: name, version, ...logLevel() });
  const registration = registrationOf(options.registration);
  const registry = options.registry ?? openOwnRegistry(logger, options.telemetry);
  return {
    name,
    version,
    id: options.id ?? newInstanceId(name),
    logger,
    registry,
    registration,
    knownBy: registry.capabilities.register ? "registration" : "others",
    ownsRegistry: options.registry === undefined,
    transport: options.transport ?? defaultTransport(),
    address: options.address ?? variable("HAWSER_ADDRESS") ?? "grpc://127.0.0.1:0",
    advertise: options.advertise ?? variable("HAWSER_ADVERTISE"),
    metadata: options.metadata ?? {},
    weight,
    zone: options.zone ?? variable("HAWSER_ZONE") ?? "",
    middleware: options.middleware ?? [],
    telemetry: options.telemetry ?? {},
    drainMs,
    graceMs,
    teardownMs,
    clock: options.clock ?? systemClock,
  };
}

/** A variable that is set and empty counts as not set. */
function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** @throws TypeError where it is neither */
function registrationOf(given: ServiceOptions["registration"]): "required" | "eventual" {
  const value = given ?? variable("HAWSER_REGISTRATION") ?? "required";
  if (value === "required" || value === "eventual") return value;
  const which = given === undefined ? "HAWSER_REGISTRATION" : "registration";
  throw new TypeError(`${which}: expected required or eventual, was ${JSON.stringify(value)}`);
}

function openOwnRegistry(logger: Logger, telemetry: TelemetryOptions | undefined): Registry {
  const url = variable("HAWSER_REGISTRY") ?? defaultRegistryUrl;
  if (url.startsWith("memory:")) {
    throw new TypeError(
      "HAWSER_REGISTRY=memory: would give each service a registry of its own; make one and give it to all: registry: memoryRegistry()",
    );
  }
  return openRegistry(url, { logger, monitor: registryMetrics({ ...telemetry, registry: withoutPasswords(url) }) });
}

const levels = ["debug", "info", "warn", "error", "silent"] as const;

export function logLevel(): { readonly level?: (typeof levels)[number] } {
  const value = variable("HAWSER_LOG_LEVEL");
  if (value === undefined) return {};
  const level = levels.find((each) => each === value);
  if (level === undefined)
    throw new TypeError(`HAWSER_LOG_LEVEL: expected ${levels.join(", ")}, was ${JSON.stringify(value)}`);
  return { level };
}
