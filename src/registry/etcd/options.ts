import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import type { EtcdLayout, Keys } from "./layout.js";
import { hawserLayout } from "./layouts/hawser.js";

export interface EtcdRegistryOptions {
  /** Where etcd answers, e.g. `10.0.0.1:2379` or `https://etcd.example:2379`; all with TLS or all without. */
  readonly hosts: string | readonly string[];
  /** Under which keys and in which form instances are kept. Default: `hawserLayout`, `<prefix>/<service>/<id>`. */
  readonly layout?: EtcdLayout;
  /** Under what keys. Default: the usual of the layout, `/hawser/instances`. */
  readonly prefix?: string;
  /** How long after its last sign of life an instance counts as gone. etcd rounds up to whole seconds. Default: 10 000. */
  readonly ttlMs?: number;
  /** How long etcd may take to answer one request. Default: 5 000. */
  readonly requestTimeoutMs?: number;
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
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer;
  readonly certChain?: Buffer;
}

export interface ResolvedEtcdOptions {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly keys: Keys;
  readonly ttlMs: number;
  readonly requestTimeoutMs: number;
  readonly credentials: EtcdCredentials | undefined;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

const shortestTtlMs = 1_000;

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveEtcdOptions(options: EtcdRegistryOptions): ResolvedEtcdOptions {
  const { ttlMs = 10_000, requestTimeoutMs = 5_000, layout = hawserLayout } = options;
  const hosts = checkHosts(typeof options.hosts === "string" ? [options.hosts] : options.hosts);
  if (!(Number.isFinite(ttlMs) && ttlMs >= shortestTtlMs)) {
    throw new RangeError(
      `etcdRegistry: ttlMs is ${ttlMs}; it must be ${shortestTtlMs} or more, and 10000 is the usual`,
    );
  }
  if (!(Number.isFinite(requestTimeoutMs) && requestTimeoutMs > 0)) {
    throw new RangeError(`etcdRegistry: requestTimeoutMs is ${requestTimeoutMs}; it must be more than 0`);
  }
  const name = `etcd://${hosts.map((host) => host.replace(/^https?:\/\//, "")).join(",")}`;
  const logger = options.logger ?? silentLogger;
  return {
    name,
    hosts,
    keys: layout(options.prefix),
    ttlMs,
    requestTimeoutMs,
    credentials: options.credentials,
    auth: options.auth,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: logger.child({ registry: name }),
    monitor: options.monitor ?? (() => {}),
  };
}

const host = /^(?:https?:\/\/)?(?:\[[0-9a-fA-F:.%]+\]|[^:/\s]+):\d{1,5}$/;

function checkHosts(hosts: readonly string[]): readonly string[] {
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw new TypeError('etcdRegistry: hosts is empty; give at least one, e.g. "127.0.0.1:2379"');
  }
  for (const each of hosts) {
    if (host.test(each)) continue;
    throw new TypeError(`etcdRegistry: host ${JSON.stringify(each)}; expected host:port or https://host:port`);
  }
  const secure = hosts.filter((each) => each.startsWith("https://")).length;
  if (secure > 0 && secure < hosts.length) {
    throw new TypeError(`etcdRegistry: hosts ${hosts.join(", ")}; either all of them speak https or none does`);
  }
  return hosts;
}
