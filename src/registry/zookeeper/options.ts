import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { guarded } from "../guarded-monitor.js";

export interface ZooKeeperRegistryOptions {
  /** The servers, or some of them, e.g. `10.0.0.1:2181`; 2181 is the usual port. */
  readonly hosts: string | readonly string[];
  /** Below which node instances are kept, as `<prefix>/<service>/<id>`. Default: `/hawser/instances`. */
  readonly prefix?: string;
  /**
   * The session's timeout: how long after its last sign of life an instance counts as gone. The server grants what its
   * own bounds allow, by default 4 000 to 40 000. Default: 10 000.
   */
  readonly ttlMs?: number;
  /**
   * How long a server may take to answer a new connection. After each answer the first attempts wait for 1, 2 and 4 s and
   * no longer: a server that is just starting takes a question and forgets it. Default: 5 000.
   */
  readonly requestTimeoutMs?: number;
  /**
   * Who this client is, by the scheme `digest`. What it makes everybody may read, and only it may change. Default: it
   * does not say, and what it makes everybody may change.
   */
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

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ResolvedZooKeeperOptions {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly addresses: readonly Address[];
  readonly prefix: string;
  readonly ttlMs: number;
  readonly requestTimeoutMs: number;
  readonly digest: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

const longestMs = 2 ** 31 - 1;

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveZooKeeperOptions(options: ZooKeeperRegistryOptions = { hosts: [] }): ResolvedZooKeeperOptions {
  const { prefix = "/hawser/instances", auth, random = systemRandom } = options;
  const hosts = typeof options.hosts === "string" ? options.hosts.split(",").map((each) => each.trim()) : options.hosts;
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw new TypeError('zookeeperRegistry: hosts is empty; give at least one, e.g. "127.0.0.1:2181"');
  }
  const addresses = hosts.map(readHost);
  if (typeof prefix !== "string" || !/^(\/[!-.0-~]+)+$/.test(prefix) || /\/\.\.?(\/|$)/.test(prefix)) {
    throw new TypeError(
      `zookeeperRegistry: prefix is ${JSON.stringify(prefix)}; it must be like "/hawser/instances", without "/" at its end`,
    );
  }
  if (auth !== undefined && !isAuth(auth)) {
    throw new TypeError('zookeeperRegistry: auth must be { username, password }, the username without ":"');
  }
  const name = `zookeeper://${hosts.join(",")}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  return {
    name,
    addresses: shuffled(addresses, random),
    prefix,
    ttlMs: milliseconds("ttlMs", options.ttlMs ?? 10_000),
    requestTimeoutMs: milliseconds("requestTimeoutMs", options.requestTimeoutMs ?? 5_000),
    digest: auth && `${auth.username}:${auth.password}`,
    clock: options.clock ?? systemClock,
    random,
    logger,
    monitor: guarded(options.monitor, logger),
  };
}

function milliseconds(option: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= longestMs) return value;
  throw new RangeError(
    `zookeeperRegistry: ${option} is ${value}; it must be a whole number of ms from 1 to ${longestMs}`,
  );
}

function isAuth(auth: unknown): boolean {
  const { username, password } = (auth ?? {}) as { readonly [name: string]: unknown };
  return typeof username === "string" && /^[^:]+$/.test(username) && typeof password === "string";
}

const host = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/\s]+))(?::(\d{1,5}))?$/;

function readHost(given: string): Address {
  const [, ipv6, name, port = "2181"] = (typeof given === "string" && host.exec(given)) || [];
  const address = ipv6 ?? name;
  if (address !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host: address, port: Number(port) };
  throw new TypeError(`zookeeperRegistry: host ${JSON.stringify(given)}; expected host or host:port`);
}

/** So that not every client goes to the server that is named first. */
function shuffled(addresses: readonly Address[], random: Random): readonly Address[] {
  return addresses
    .map((address) => ({ address, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ address }) => address);
}
