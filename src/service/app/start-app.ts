import type { ConfigSource } from "../../config/config.js";
import { createConfig } from "../../config/config.js";
import type { Logger, Middleware } from "../../contract/contract.js";
import type { Registry } from "../../registry/registry.js";
import { createLogger, type TelemetryOptions } from "../../telemetry/telemetry.js";
import { type Clock, systemClock } from "../../time/time.js";
import { joinTransports } from "../../transport/joined.js";
import { memoryTransport } from "../../transport/memory/memory.js";
import type { Address, Transport } from "../../transport/transport.js";
import type { App } from "../define-app.js";
import { defaultTransport } from "../open-transport.js";
import { logLevel } from "../options.js";
import type { Need, Placement, ServiceSpec } from "../spec.js";
import { ComposedApp } from "./composed-app.js";
import type { EdgeMiddleware, Wire } from "./process-context.js";
import { ProcessRegistry } from "./process-registry.js";
import type { RunningApp } from "./running-app.js";

/** How this process is tied to others. */
export interface RemoteOptions {
  /** Who is elsewhere, and where those here are made known. Stays its maker's to close. */
  readonly registry: Registry;
  /** Default: the one that `HAWSER_TRANSPORT` names, `http2` or `grpc-js`; see `defaultTransport()`. */
  readonly transport?: Transport;
  /** Whether those here are to be called from elsewhere; else they only call. Default: true. */
  readonly listen?: boolean;
  /** Where each service listens. Default: a free port on 127.0.0.1. */
  readonly address?: Address | ((service: string) => Address);
  /** The host others reach this one by. Default: the bound one. */
  readonly advertise?: string;
  readonly zone?: string;
  /** See `ServiceOptions`. */
  readonly registration?: "required" | "eventual";
}

export interface StartAppOptions {
  /** Names of those that run here. Default: all. */
  readonly services?: readonly string[];
  /** Default: nothing listens, and nobody is found but who is here. */
  readonly remote?: RemoteOptions;
  /** Values for the services' `config`; later ones win. Default: none. */
  readonly config?: readonly ConfigSource[];
  /** Where calls go, for every need that does not say so itself. Default: `auto`. */
  readonly placement?: Placement | ((from: string, need: string) => Placement);
  /**
   * Asked for one of each service, and for one of the app, by its name. Default: pino, one JSON object a line that names the
   * service, from level `HAWSER_LOG_LEVEL` (`info`).
   */
  readonly logger?: (service: string, version: string) => Logger;
  /** Where a service's spans and metrics go. Default: the global providers of `@opentelemetry/api`. */
  readonly telemetry?: (service: {
    readonly name: string;
    readonly version: string;
    readonly id: string;
  }) => TelemetryOptions;
  /** Around what comes in to a service, outermost. */
  readonly middleware?: (service: string) => readonly Middleware[];
  /** Around what goes from one service to another: for tests, faults, recordings. */
  readonly edge?: (from: string, to: string) => EdgeMiddleware;
  /** How long a `setup` may take, in ms. Default: 30 000. */
  readonly setupTimeoutMs?: number;
  /** See `ServiceOptions`. 0 where nothing listens. Default: 500. */
  readonly drainMs?: number;
  /** See `ServiceOptions`; of all services that stop together, not of each. Default: 25 000. */
  readonly graceMs?: number;
  /** See `ServiceOptions`; of all that stop together as well. Default: 2000. */
  readonly teardownMs?: number;
  readonly clock?: Clock;
  /** Ends a start that is no longer wanted: everything is stopped, and `startApp` rejects. */
  readonly signal?: AbortSignal;
  /** Is told what a start waits for: `setting up orders`. */
  readonly onStep?: (step: string) => void;
}

/**
 * Brings services of an app to life in this process. Calls between them stay in the process, and mean the same as over the
 * wire. Resolves once all can be called.
 *
 * @throws Error where one cannot start: nothing of any of them is left then
 * @example
 * await using shop = await startApp(app);
 * await shop.client(OrdersServiceDefinition, "orders").placeOrder({ sku: "teapot" });
 */
export async function startApp(app: App, options: StartAppOptions = {}): Promise<RunningApp> {
  const {
    remote,
    clock = systemClock,
    drainMs = 500,
    graceMs = 25_000,
    teardownMs = 2000,
    setupTimeoutMs = 30_000,
  } = options;
  if (app?.kind !== "hawser.app") throw new TypeError("startApp: expected what defineApp() gave");
  const names = options.services ?? app.services.map(({ name }) => name);
  const placement = (service: ServiceSpec, need: Need): Placement =>
    need.placement !== "auto" ? need.placement : placementOf(options.placement, service.name, need.name);
  const memory = memoryTransport({ clock });
  const wire = remote === undefined || remote.listen === false ? undefined : wireOf(remote);
  const logger = (name: string, version: string): Logger =>
    options.logger?.(name, version) ?? createLogger({ service: name, version, ...logLevel() });
  const composed = new ComposedApp({
    app,
    registry: new ProcessRegistry(remote?.registry),
    transport: remote === undefined ? memory : joinTransports(memory, remote.transport ?? defaultTransport()),
    wire,
    config: createConfig({ sources: options.config ?? [], sections: app.services.map(({ name }) => name) }),
    clock,
    drainMs: wire === undefined ? 0 : drainMs,
    graceMs,
    teardownMs,
    setupTimeoutMs,
    logger: ({ name, version }) => logger(name, version),
    appLogger: logger(app.name, "0.0.0"),
    telemetry: ({ name, version }, id) => options.telemetry?.({ name, version, id }) ?? {},
    middleware: ({ name }) => options.middleware?.(name) ?? [],
    edge: (from, to) => options.edge?.(from, to) ?? {},
    placement,
    onStep: options.onStep ?? (() => {}),
  });
  await composed.start(names, options.signal);
  return composed;
}

function placementOf(given: StartAppOptions["placement"], from: string, need: string): Placement {
  return typeof given === "function" ? given(from, need) : (given ?? "auto");
}

function wireOf({ address = "grpc://127.0.0.1:0", advertise, zone, registration }: RemoteOptions): Wire {
  return { address: typeof address === "function" ? address : () => address, advertise, zone, registration };
}
