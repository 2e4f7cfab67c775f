import { type Client, type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import type { RegistryServiceDefinition } from "../../gen/hawser/registry/v1/registry.js";
import {
  type Backoff,
  type Clock,
  exponentialBackoff,
  type Random,
  systemClock,
  systemRandom,
} from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";

export interface HawserRegistryOptions {
  /** Speaks to a server that serves `registryHandlers()`. Stays its maker's to close, after the registry. */
  readonly client: Client<RegistryServiceDefinition>;
  /** As a person would name the backend: `hawser://127.0.0.1:7400`. Default: `hawser:`. */
  readonly name?: string;
  /** How long an instance may be silent before it counts as gone; the server may grant another time. Default: 10 000. */
  readonly ttlMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

export interface ResolvedHawserOptions {
  readonly client: Client<RegistryServiceDefinition>;
  readonly name: string;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveHawserOptions(options: Partial<HawserRegistryOptions> = {}): ResolvedHawserOptions {
  const { client, name = "hawser:", ttlMs = 10_000, clock = systemClock, random = systemRandom } = options;
  if (typeof client?.register !== "function") {
    throw new TypeError(
      "hawserRegistry: client is missing, or none of a registry; make one with createClient(RegistryServiceDefinition, …)",
    );
  }
  if (!(Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs < 2 ** 31)) {
    throw new RangeError(
      `hawserRegistry: ttlMs is ${ttlMs}; it must be a whole number above 0, and 10000 is the usual`,
    );
  }
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  const backoff = exponentialBackoff({ initialMs: 100, maxMs: 5_000, random });
  return { client, name, ttlMs, clock, logger, backoff, monitor: guarded(options.monitor, logger) };
}

export const hawserHint = "is the registry running? try: hawser registry";

/** A stream that held this long makes the waits start anew. */
export const healthyMs = 10_000;
