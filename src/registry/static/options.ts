import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";
import type { StaticServices } from "./entries.js";

export interface StaticRegistryOptions {
  /** Who is there, for as long as the process lives. Either this or `file`. */
  readonly services?: StaticServices;
  /** A YAML or JSON file of the same shape, read again whenever it changes. Either this or `services`. */
  readonly file?: string;
  /** How often to look at the file where the system does not tell of changes, in ms. Default: 3 000. */
  readonly pollMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

export interface ResolvedStaticOptions {
  readonly name: string;
  readonly source: { readonly services: StaticServices } | { readonly file: string };
  readonly pollMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveStaticOptions(options: StaticRegistryOptions): ResolvedStaticOptions {
  const { services, file, pollMs = 3_000, clock = systemClock } = options;
  if ((services === undefined) === (file === undefined)) {
    throw new TypeError('staticRegistry: give either services, { orders: ["10.0.0.1:50051"] }, or file, a path');
  }
  if (file !== undefined && (typeof file !== "string" || file === "")) {
    throw new TypeError(`staticRegistry: file is ${JSON.stringify(file)}; it must be the path of a YAML or JSON file`);
  }
  if (!(Number.isFinite(pollMs) && pollMs >= 10)) {
    throw new RangeError(`staticRegistry: pollMs is ${pollMs}; it must be 10 or more, and 3000 is the usual`);
  }
  const name = file === undefined ? "static:" : `static:${file}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  const source = file === undefined ? { services: services as StaticServices } : { file };
  return { name, source, pollMs, clock, logger, monitor: guarded(options.monitor, logger) };
}
