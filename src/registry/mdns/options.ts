import type { Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import {
  type Backoff,
  type Clock,
  exponentialBackoff,
  type Random,
  systemClock,
  systemRandom,
} from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";

export interface MdnsRegistryOptions {
  /** How long after its last sign of life an instance counts as gone; DNS counts whole seconds. Default: 10 000. */
  readonly ttlMs?: number;
  /** How long those who are there are given to answer before the first snapshot, and for a list, in ms. Default: 500. */
  readonly browseMs?: number;
  /**
   * The address of the one network interface to use; name it where there are several. Default: it hears on all of them, and
   * speaks on the one that the system prefers.
   */
  readonly interface?: string;
  /** Default: 5353. Another is a LAN of its own. */
  readonly port?: number;
  /** The multicast group. Default: 224.0.0.251. */
  readonly ip?: string;
  /** Whether what is sent reaches others on this machine. Default: true. */
  readonly loopback?: boolean;
  /** Makes the socket to speak through, for tests that are their own LAN. Default: one of UDP. */
  readonly socket?: () => Socket;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

export interface ResolvedMdnsOptions {
  readonly name: string;
  readonly ttlMs: number;
  readonly browseMs: number;
  readonly interface: string | undefined;
  readonly port: number;
  readonly ip: string;
  readonly loopback: boolean;
  readonly socket: (() => Socket) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

const longestBrowseMs = 60_000;

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveMdnsOptions(options: MdnsRegistryOptions): ResolvedMdnsOptions {
  const { ttlMs = 10_000, browseMs = 500, port = 5353, ip = "224.0.0.251", loopback = true } = options;
  const { clock = systemClock, random = systemRandom } = options;
  if (!(Number.isFinite(ttlMs) && ttlMs >= 1_000 && ttlMs <= 3_600_000)) {
    throw new RangeError(`mdnsRegistry: ttlMs is ${ttlMs}; it must be 1000 to 3600000, and 10000 is the usual`);
  }
  if (!(Number.isFinite(browseMs) && browseMs >= 0 && browseMs <= longestBrowseMs)) {
    throw new RangeError(
      `mdnsRegistry: browseMs is ${browseMs}; it must be 0 to ${longestBrowseMs}, and 500 is the usual`,
    );
  }
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new RangeError(`mdnsRegistry: port is ${port}; it must be 1 to 65535, and 5353 is the usual`);
  }
  const first = Number(String(ip).split(".")[0]);
  if (typeof ip !== "string" || !isIPv4(ip) || first < 224 || first > 239) {
    throw new TypeError(
      `mdnsRegistry: ip is ${JSON.stringify(ip)}; it must be an IPv4 multicast group, as 224.0.0.251`,
    );
  }
  if (options.interface !== undefined && !isIPv4(options.interface)) {
    const given = JSON.stringify(options.interface);
    throw new TypeError(`mdnsRegistry: interface is ${given}; it must be the IPv4 address of one, as 192.168.1.7`);
  }
  const name = options.interface === undefined && port === 5353 ? "mdns:" : `mdns://${options.interface ?? ip}:${port}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  return {
    name,
    ttlMs: Math.ceil(ttlMs / 1_000) * 1_000,
    browseMs,
    interface: options.interface,
    port,
    ip,
    loopback,
    socket: options.socket,
    clock,
    random,
    backoff: exponentialBackoff({ initialMs: 200, maxMs: 5_000, random }),
    logger,
    monitor: guarded(options.monitor, logger),
  };
}

export const mdnsHint = "is there a network, and does it let multicast through?";

/** Who could send for this long makes the waits start anew. */
export const healthyMs = 10_000;
