import { type MeterProvider, metrics } from "@opentelemetry/api";
import type { RegistryMonitor } from "../contract/contract.js";
import { type Clock, systemClock } from "../time/time.js";
import { RegistryLedger } from "./registry-ledger.js";
import { type RegistryMeters, registryMeters } from "./registry-meters.js";

export interface RegistryMetricsOptions {
  /** Default: the global one of `@opentelemetry/api`, looked up at each event, so that an SDK may start later. */
  readonly meterProvider?: MeterProvider;
  /** Said of all of it, where a process has several registries: `etcd://10.0.0.1:2379`. No place for a password. */
  readonly registry?: string;
  /** Times the age of snapshots. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Metrics of what a registry does: whether those here are registered, how lease and watches fare, how old the picture of
 * others is. What is closed or no longer watched is forgotten.
 *
 * @example const registry = openRegistry(url, { logger, monitor: registryMetrics() });
 */
export function registryMetrics(options: RegistryMetricsOptions = {}): RegistryMonitor {
  const { registry, clock = systemClock } = options;
  const ledger = new RegistryLedger(registry, clock);
  let provider: MeterProvider | undefined;
  let meters: RegistryMeters | undefined;
  return (event) => {
    ledger.write(event);
    const current = options.meterProvider ?? metrics.getMeterProvider();
    if (current !== provider) {
      meters?.forget(ledger);
      provider = current;
      meters = registryMeters(current);
    }
    meters?.count(event, registry);
    if (ledger.empty) meters?.forget(ledger);
    else meters?.observe(ledger);
  };
}
