import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Backoff, type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";
import { reconnectBackoff } from "../reconnect-backoff.js";

export interface ConsulRegistryOptions {
  /** The agent on this machine, as `127.0.0.1:8500` or `https://consul.example:8501`. Default: `127.0.0.1:8500`. */
  readonly address?: string;
  /** An ACL token that may write the services that are registered and read those that are watched. Default: none. */
  readonly token?: string;
  /** Where services are watched; registered is always with the agent. Default: the agent's own. */
  readonly datacenter?: string;
  /** Of Consul Enterprise. Default: that of the token. */
  readonly namespace?: string;
  /** TLS, PEM: whom to trust, and who this client is. Default: the system's authorities where the address says `https`. */
  readonly tls?: ConsulTls;
  /** How long after its last sign of life an instance counts as gone. Default: 10 000. */
  readonly ttlMs?: number;
  /** When an instance that is gone is removed for good; Consul takes a minute or more. Default: 60 000. */
  readonly deregisterAfterMs?: number;
  /** How long Consul may hold a question until there is news. Default: 300 000, at most 600 000. */
  readonly waitMs?: number;
  /** How long Consul may take over any other answer. Default: 5 000. */
  readonly requestTimeoutMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

export interface ConsulTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export interface ResolvedConsulOptions {
  readonly name: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly datacenter: string | undefined;
  readonly namespace: string | undefined;
  readonly tls: ConsulTls;
  readonly ttlMs: number;
  readonly deregisterAfterMs: number;
  readonly waitMs: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

export const consulHint = "is a Consul agent running there? try: consul members";

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveConsulOptions(options: ConsulRegistryOptions): ResolvedConsulOptions {
  const { secure, host, port } = readAddress(options.address ?? "127.0.0.1:8500");
  const { token, datacenter, namespace, random = systemRandom } = options;
  for (const [option, value] of Object.entries({ token, datacenter, namespace })) {
    if (value === undefined || (typeof value === "string" && /^[!-~]+$/.test(value))) continue;
    throw new TypeError(`consulRegistry: ${option} must be printable ASCII without spaces, and not empty`);
  }
  const name = `${secure ? "consuls" : "consul"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  return {
    name,
    secure,
    host,
    port,
    token,
    datacenter,
    namespace,
    tls: checkTls(options.tls, secure),
    ttlMs: milliseconds("ttlMs", options.ttlMs ?? 10_000, 1_000),
    deregisterAfterMs: milliseconds("deregisterAfterMs", options.deregisterAfterMs ?? 60_000, 60_000),
    waitMs: milliseconds("waitMs", options.waitMs ?? 300_000, 1_000, 600_000),
    requestTimeoutMs: milliseconds("requestTimeoutMs", options.requestTimeoutMs ?? 5_000, 1),
    clock: options.clock ?? systemClock,
    random,
    backoff: reconnectBackoff(random),
    logger,
    monitor: guarded(options.monitor, logger),
  };
}

function milliseconds(option: string, value: number, least: number, most: number = 2 ** 31 - 1): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `consulRegistry: ${option} is ${value}; it must be a whole number of ms from ${least} to ${most}`,
  );
}

function checkTls(tls: ConsulTls | undefined, secure: boolean): ConsulTls {
  const { ca, cert, key } = tls ?? {};
  const given = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  if (!secure && Object.keys(given).length > 0) {
    throw new TypeError("consulRegistry: tls is given, but the address does not begin with https://");
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("consulRegistry: tls.cert and tls.key; give both or neither");
  }
  try {
    createSecureContext(given);
    // What is no certificate at all is an authority that nobody has signed with, for OpenSSL.
    if (ca !== undefined) new X509Certificate(ca);
  } catch (cause) {
    throw new TypeError(`consulRegistry: tls cannot be used (${(cause as Error).message}); expected PEM`, { cause });
  }
  return given;
}

const addressForm = /^(?:(https?):\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:/@\s]+))(?::(\d{1,5}))?\/?$/;

function readAddress(address: string): { readonly secure: boolean; readonly host: string; readonly port: number } {
  const [, scheme, ipv6, name, digits] = (typeof address === "string" && addressForm.exec(address)) || [];
  const secure = scheme === "https";
  const host = ipv6 ?? name;
  const port = Number(digits ?? (secure ? 8501 : 8500));
  if (host !== undefined && port > 0 && port < 65_536) return { secure, host, port };
  throw new TypeError(
    `consulRegistry: address ${JSON.stringify(address)}; expected host:port, or that after http:// or https://`,
  );
}
