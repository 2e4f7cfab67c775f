import { type Logger, type RegistryMonitor, silentLogger } from "../contract/contract.js";
import { allowNetworks } from "../registry/allow-networks.js";
import { memberMonitor, multiRegistry, wholeMonitor } from "../registry/multi/multi.js";
import type { Registry } from "../registry/registry.js";
import { type DriverContext, type RegistryDriver, registryDrivers } from "./registry-drivers.js";
import { parseRegistryUrl, type RegistryUrl } from "./registry-url.js";

export interface OpenRegistryOptions {
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Is told what the registry does, for metrics. Default: nobody is. */
  readonly monitor?: RegistryMonitor;
}

/** Where `hawser registry` listens unless told otherwise. */
export const defaultRegistryUrl = "hawser://127.0.0.1:7400";

/**
 * Opens a registry by its URL, as an operator writes it into `HAWSER_REGISTRY`:
 *
 * - `hawser://127.0.0.1:7400`: a registry server started by `hawser registry`;
 * - `etcd://user:password@10.0.0.1:2379,10.0.0.2:2379/prefix`: an etcd cluster; `etcds://` with TLS
 *   (`?ca=ca.pem&cert=me.pem&key=me-key.pem`); `?layout=kratos|go-micro|etcd-naming|go-zero` for what others keep there;
 * - `zookeeper://10.0.0.1:2181,10.0.0.2:2181/prefix`, `consul://token@127.0.0.1:8500`: what else leases;
 * - `kubernetes:///namespace`: the cluster around this process; `dns://10.0.0.2/shop.internal?port=50051`: a name server;
 *   `static:services.yaml`, `static:orders=10.0.0.1:50051`: a list. Nobody registers there: others say who is alive;
 * - `mdns:`: the LAN; `memory:`: this process alone.
 *
 * Any of them takes `?allow=10.0.0.0/8,fd00::/8`: instances elsewhere are left out. Several, with a space between, are one
 * registry: where services move from one to the other. What is special in user and password is percent-encoded.
 *
 * @throws TypeError for a URL that is none of these
 */
export function openRegistry(url: string, options: OpenRegistryOptions = {}): Registry {
  const { logger = silentLogger, monitor = () => {} } = options;
  const urls = url.trim().split(/\s+/).map(parseRegistryUrl);
  const [only, ...others] = urls;
  if (only === undefined || others.length === 0) return openOne(only ?? parseRegistryUrl(url), { logger, monitor });
  const members = openAll(urls, { logger, monitor: memberMonitor(monitor) });
  return multiRegistry(members, { logger, monitor: wholeMonitor(monitor) });
}

/** All of them, or none. */
function openAll(urls: readonly RegistryUrl[], context: DriverContext): readonly Registry[] {
  const opened: Registry[] = [];
  try {
    for (const url of urls) opened.push(openOne(url, context));
    return opened;
  } catch (error) {
    for (const each of opened) each.close().catch(() => {}); // nothing was asked of it yet
    throw error;
  }
}

function openOne(url: RegistryUrl, context: DriverContext): Registry {
  const driver = Object.hasOwn(registryDrivers, url.driver) ? registryDrivers[url.driver] : undefined;
  if (driver === undefined) {
    const known = Object.keys(registryDrivers).map((name) => `${name}:`);
    throw new TypeError(`registry ${url.shown}: unknown driver; there are ${known.join(", ")}`);
  }
  checkForm(url, driver);
  const { allow, ...options } = url.options;
  const known = driver.options ?? [];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `registry ${url.shown}: unknown option "${unknown}" (it takes: ${[...known, "allow"].join(", ")})`,
    );
  }
  try {
    const registry = driver.open({ ...url, options }, context);
    return allow === undefined ? registry : allowNetworks(registry, allow.split(","), context);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new TypeError(`registry ${url.shown}: ${cause.message}`, { cause });
  }
}

const partNames = { user: "user", password: "password", hosts: "address", path: "path" } as const;
const parts = Object.keys(partNames) as (keyof typeof partNames)[];

/** What nobody reads was meant for something. @throws TypeError */
function checkForm(url: RegistryUrl, { form, reads = [] }: RegistryDriver): void {
  if (reads.includes("rest")) return;
  const unread = parts.find((part) => url[part]?.length && !reads.includes(part));
  if (unread === undefined && (url.rest === "" || url.rest.startsWith("//"))) return;
  const why = unread === undefined ? "" : ` (it has no ${partNames[unread]})`;
  throw new TypeError(`registry ${url.shown}: expected ${form}${why}`);
}
