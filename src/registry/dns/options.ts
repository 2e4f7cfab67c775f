import { isIPv4, isIPv6 } from "node:net";
import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";
import { questionPattern } from "./question.js";

export interface DnsRegistryOptions {
  /** Under which services are named: `orders` of `shop.internal`. Default: a service's name is a whole domain name. */
  readonly domain?: string;
  /**
   * The port of every instance: the addresses (A, AAAA) of `<service>.<domain>` are looked up, not its SRV records.
   * Default: SRV records say it.
   */
  readonly port?: number;
  /**
   * Under which name SRV records are, with `{service}` and `{domain}` in it; for Consul `_{service}._tcp.{domain}`. Not
   * together with `port`. Default: `_grpc._tcp.{service}.{domain}`, as Kubernetes has it for a port named `grpc`.
   */
  readonly srv?: string;
  /** Which addresses are looked up. Default: both; a host that has one of each, looked up with `port`, counts as two. */
  readonly family?: 4 | 6;
  /** How endpoints begin: `grpcs` where the instances speak TLS. Default: `grpc`. */
  readonly scheme?: string;
  /** Name servers, `10.0.0.2`, `127.0.0.1:5353` or `[::1]:53`; asked in turn. Default: those of the system. */
  readonly servers?: readonly string[];
  /** How long a name server may take for one answer, in ms; it is asked twice. Default: 2 000. */
  readonly timeoutMs?: number;
  /** No name is asked for more often, however short its time to live, in ms. Default: 1 000. */
  readonly minRefreshMs?: number;
  /** Nor more rarely, however long it is, in ms. Default: 30 000. */
  readonly maxRefreshMs?: number;
  /** How long those who are missing when name servers answer again are still believed in, in ms. Default: 10 000. */
  readonly settleMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

export interface ResolvedDnsOptions {
  readonly name: string;
  readonly domain: string;
  /** Where it is undefined, SRV records are looked up. */
  readonly port: number | undefined;
  readonly srv: string;
  readonly families: readonly (4 | 6)[];
  readonly scheme: string;
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  readonly minRefreshMs: number;
  readonly maxRefreshMs: number;
  readonly settleMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

const usualSrv = "_grpc._tcp.{service}.{domain}";

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveDnsOptions(options: DnsRegistryOptions): ResolvedDnsOptions {
  const { domain = "", port, srv = usualSrv, family, scheme = "grpc", servers = [] } = options;
  const { timeoutMs = 2_000, minRefreshMs = 1_000, maxRefreshMs = 30_000, settleMs = 10_000 } = options;
  if (domain !== "" && !questionPattern.test(domain))
    throw wrong("domain", domain, "a domain name, e.g. shop.internal");
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) throw wrong("scheme", scheme, "grpc or grpcs");
  if (family !== undefined && family !== 4 && family !== 6) throw wrong("family", family, "4, 6 or none for both");
  if (!srv.includes("{service}")) throw wrong("srv", srv, `{service} somewhere in it, as in ${usualSrv}`);
  if (port !== undefined && options.srv !== undefined) {
    throw new TypeError("dnsRegistry: port and srv exclude each other; SRV records say which port it is");
  }
  if (port !== undefined) checkWhole("port", port, 1, 65_535);
  checkWhole("timeoutMs", timeoutMs, 1, 2 ** 31 - 1);
  checkWhole("minRefreshMs", minRefreshMs, 1, 2 ** 31 - 1);
  checkWhole("maxRefreshMs", maxRefreshMs, minRefreshMs, 2 ** 31 - 1);
  checkWhole("settleMs", settleMs, 0, 2 ** 31 - 1);
  checkServers(servers);
  const name = `dns://${servers.join(",")}/${domain}`;
  const { clock = systemClock, random = systemRandom } = options;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  const families = family === undefined ? ([4, 6] as const) : [family];
  const times = { timeoutMs, minRefreshMs, maxRefreshMs, settleMs };
  const monitor = guarded(options.monitor, logger);
  return { name, domain, port, srv, families, scheme, servers, ...times, clock, random, logger, monitor };
}

const serverForm = /^(?:(?<v4>[\d.]+)|\[(?<v6>[^\]]+)\])(?::(?<port>\d{1,5}))?$/;

/** Not left to `setServers()`: Node's ends the whole process for a port of 0, and makes another of one above 65535. */
function checkServers(servers: readonly string[]): void {
  for (const server of servers) {
    const { v4 = "", v6 = "", port = "53" } = serverForm.exec(server)?.groups ?? {};
    if ((isIPv4(v4) || isIPv6(v6) || isIPv6(server)) && Number(port) >= 1 && Number(port) <= 65_535) continue;
    throw wrong("server", server, "the address of a name server, e.g. 10.0.0.2 or 127.0.0.1:5353");
  }
}

function checkWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`dnsRegistry: ${option} is ${value}; it must be a whole number from ${least} to ${most}`);
}

function wrong(option: string, value: unknown, allowed: string): TypeError {
  return new TypeError(`dnsRegistry: ${option} is ${JSON.stringify(value)}; expected ${allowed}`);
}
