import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";
import type { EtcdLayout, Keys } from "./layout.js";
import { hawserLayout } from "./layouts/hawser.js";

export interface EtcdRegistryOptions {
  /** Where etcd answers, e.g. `10.0.0.1:2379` or `https://etcd.example:2379`; all with TLS or all without. */
  readonly hosts: string | readonly string[];
  /** Under which keys and in which form instances are kept. Default: `hawserLayout`, `<prefix>/<service>/<id>`. */
  readonly layout?: EtcdLayout;
  /**
   * Under what keys; etcd has no other namespaces. Registries of different prefixes do not see each other, and a user needs
   * a role that may read and write under it. Default: the usual of the layout, `/hawser/instances`.
   */
  readonly prefix?: string;
  /** How long after its last sign of life an instance counts as gone. etcd rounds up to whole seconds. Default: 10 000. */
  readonly ttlMs?: number;
  /** How long etcd may take to answer one request; of several hosts the first asked has half of it. Default: 5 000. */
  readonly requestTimeoutMs?: number;
  /** How long those who are missing after an outage are still believed in. Default: `ttlMs`, at least 5 000. */
  readonly settleMs?: number;
  /** How often a service that is watched is listed again, ± 20 %, lest an event was lost. Default: 300 000. */
  readonly resyncMs?: number;
  /**
   * How often the stream of the watches is asked for a sign of life, of which it gets two in the time that etcd may be
   * silent unnoticed. At most, and by default, a quarter of `ttlMs`: who watches is told before a lease can expire whose
   * last renewal was a third of it old when etcd fell silent.
   */
  readonly heartbeatMs?: number;
  /** A value that is longer is no instance: it is left out, and logged once; `register()` refuses it. Default: 65 536. */
  readonly maxValueBytes?: number;
  /** TLS: whom to trust, and who this client is. Default: the system's authorities where hosts say `https`, else none. */
  readonly credentials?: EtcdCredentials;
  /** Default: etcd asks nobody who they are. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

/** PEM. */
export interface EtcdCredentials {
  /** Whom to trust. Default: the system's authorities. */
  readonly rootCertificate?: Buffer;
  readonly privateKey?: Buffer;
  readonly certChain?: Buffer;
}

export interface ResolvedEtcdOptions {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly keys: Keys;
  readonly ttlMs: number;
  readonly requestTimeoutMs: number;
  readonly settleMs: number;
  readonly resyncMs: number;
  readonly heartbeatMs: number;
  readonly maxValueBytes: number;
  readonly credentials: EtcdCredentials | undefined;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** Who lives is registered again within 3 s of etcd's return. */
const shortestSettleMs = 5_000;

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveEtcdOptions(options: EtcdRegistryOptions): ResolvedEtcdOptions {
  const { layout = hawserLayout } = options;
  const hosts = checkHosts(typeof options.hosts === "string" ? [options.hosts] : options.hosts);
  const ttlMs = atLeast(1_000, "ttlMs", options.ttlMs, 10_000);
  const name = `etcd://${hosts.map((host) => host.replace(/^https?:\/\//, "")).join(",")}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  return {
    name,
    hosts,
    keys: layout(options.prefix),
    ttlMs,
    requestTimeoutMs: atLeast(1, "requestTimeoutMs", options.requestTimeoutMs, 5_000),
    settleMs: atLeast(0, "settleMs", options.settleMs, Math.max(ttlMs, shortestSettleMs)),
    resyncMs: atLeast(100, "resyncMs", options.resyncMs, 300_000),
    heartbeatMs: between([100, ttlMs / 4], "heartbeatMs", options.heartbeatMs, ttlMs / 4),
    maxValueBytes: atLeast(1, "maxValueBytes", options.maxValueBytes, 65_536),
    credentials: checkCredentials(options.credentials),
    auth: checkAuth(options.auth),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger,
    monitor: guarded(options.monitor, logger),
  };
}

/** Timers reach to 2 ** 31 ms, and some are given more than what is asked for. */
const most = 2 ** 30;

/** @throws RangeError */
function atLeast(least: number, name: string, given: number | undefined, usual: number): number {
  return between([least, most], name, given, usual);
}

/** @throws RangeError */
function between(
  [least, most]: readonly [number, number],
  name: string,
  given: number | undefined,
  usual: number,
): number {
  const value = given ?? usual;
  if (typeof value === "number" && value >= least && value <= most) return value;
  const bound = value > most ? `${most} at most` : `${least} or more`;
  throw new RangeError(`etcdRegistry: ${name} is ${value}; it must be ${bound}, and ${usual} is the usual`);
}

/** @throws TypeError */
function checkAuth(auth: EtcdRegistryOptions["auth"]): EtcdRegistryOptions["auth"] {
  if (auth === undefined) return undefined;
  for (const name of ["username", "password"] as const) {
    if (typeof auth[name] === "string" && auth[name] !== "") continue;
    throw new TypeError(`etcdRegistry: auth.${name} is missing; give both, or leave out auth`);
  }
  return auth;
}

/** @throws TypeError for what TLS could not use */
function checkCredentials(credentials: EtcdCredentials | undefined): EtcdCredentials | undefined {
  if (credentials === undefined) return undefined;
  const { rootCertificate: ca, privateKey: key, certChain: cert } = credentials;
  if ((key === undefined) !== (cert === undefined)) {
    throw new TypeError("etcdRegistry: credentials.privateKey and credentials.certChain; give both or neither");
  }
  try {
    createSecureContext({ ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) });
    // What is no certificate at all is an authority that nobody has signed with, for OpenSSL.
    if (ca !== undefined) new X509Certificate(ca);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`etcdRegistry: credentials cannot be used (${reason}); expected PEM`, { cause });
  }
  return credentials;
}

const host = /^(?:https?:\/\/)?(?:\[[0-9a-fA-F:.%]+\]|[^:/\s@,?#]+):(\d{1,5})$/;

function checkHosts(hosts: readonly string[]): readonly string[] {
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw new TypeError('etcdRegistry: hosts is empty; give at least one, e.g. "127.0.0.1:2379"');
  }
  for (const each of hosts) {
    const port = Number(host.exec(each)?.[1]);
    if (port > 0 && port <= 65_535) continue;
    throw new TypeError(`etcdRegistry: host ${JSON.stringify(each)}; expected host:port or https://host:port`);
  }
  const secure = hosts.filter((each) => each.startsWith("https://")).length;
  if (secure > 0 && secure < hosts.length) {
    throw new TypeError(`etcdRegistry: hosts ${hosts.join(", ")}; either all of them speak https or none does`);
  }
  return hosts;
}
