import type { Config } from "../../config/config.js";
import type { Logger, Middleware } from "../../contract/contract.js";
import type { TelemetryOptions } from "../../telemetry/telemetry.js";
import type { Clock } from "../../time/time.js";
import type { Address, Transport } from "../../transport/transport.js";
import type { App } from "../define-app.js";
import type { Need, Placement, ServiceSpec } from "../spec.js";
import type { ProcessRegistry } from "./process-registry.js";

/** How the services of this process are reached by others. */
export interface Wire {
  readonly address: (service: string) => Address;
  readonly advertise: string | undefined;
  readonly zone: string | undefined;
  readonly registration: "required" | "eventual" | undefined;
}

/** What stands around the calls from one service to another, beside what they chose themselves. */
export interface EdgeMiddleware {
  /** Around the whole call. */
  readonly middleware?: readonly Middleware[];
  /** Around each attempt, innermost. */
  readonly attemptMiddleware?: readonly Middleware[];
}

/** What the services that share a process have in common. */
export interface AppProcessContext {
  readonly app: App;
  readonly registry: ProcessRegistry;
  /** Reaches who is here in memory, and, where there is a wire, who is elsewhere. */
  readonly transport: Transport;
  /** Undefined where nobody outside shall reach them. */
  readonly wire: Wire | undefined;
  readonly config: Config;
  readonly clock: Clock;
  /** 0 where there is no wire: where nobody elsewhere calls, there is nobody to be told. */
  readonly drainMs: number;
  readonly graceMs: number;
  readonly teardownMs: number;
  readonly setupTimeoutMs: number;
  readonly logger: (service: ServiceSpec) => Logger;
  /** For what belongs to no service. */
  readonly appLogger: Logger;
  readonly telemetry: (service: ServiceSpec, instanceId: string) => TelemetryOptions;
  readonly middleware: (service: ServiceSpec) => readonly Middleware[];
  readonly edge: (from: string, to: string) => EdgeMiddleware;
  readonly placement: (service: ServiceSpec, need: Need) => Placement;
  /** Told what is being waited for in a start. */
  readonly onStep: (step: string) => void;
  /** Told that a service cannot go on. */
  readonly onFailure: (service: string, error: Error) => void;
}
