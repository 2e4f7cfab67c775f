import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";
import type { Registry } from "../registry.js";

export interface MultiRegistryOptions {
  /** How long one registry may keep those waiting to whom another has answered, in ms. Default: 1 000. */
  readonly graceMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /**
   * Is told of registrations and snapshots as they are here, all registries taken together; renewals and confirmations are
   * for the monitors of each. As a watch tells of changes, and not that there were none, a picture counts as confirmed here
   * when a registry that is not away has told of it last; `wholeMonitor()` and `memberMonitor()` make one monitor of both,
   * which hears of every confirmation. Default: nobody is.
   */
  readonly monitor?: RegistryMonitor;
}

export interface ResolvedMultiOptions {
  readonly name: string;
  readonly graceMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** @throws TypeError or RangeError for what cannot be */
export function resolveMultiOptions(
  registries: readonly Registry[],
  options: MultiRegistryOptions,
): ResolvedMultiOptions {
  const { graceMs = 1_000, clock = systemClock } = options;
  if (!Array.isArray(registries) || registries.length === 0) {
    throw new TypeError("multiRegistry: registries is empty; give at least one");
  }
  const twice = registries.find((each, index) => registries.indexOf(each) !== index);
  if (twice !== undefined) throw new TypeError(`multiRegistry: ${twice.name} is given twice`);
  if (!(Number.isFinite(graceMs) && graceMs >= 0)) {
    throw new RangeError(`multiRegistry: graceMs is ${graceMs}; it must be 0 or more, and 1000 is the usual`);
  }
  const name = registries.map((each) => each.name).join(" + ");
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  return { name, graceMs, clock, logger, monitor: guarded(options.monitor, logger) };
}
