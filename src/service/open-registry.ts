import { type Logger, type RegistryMonitor, silentLogger } from "../contract/contract.js";
import type { Registry } from "../registry/registry.js";
import { type DriverContext, registryDrivers } from "./registry-drivers.js";
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
 * - `memory:`: this process alone.
 *
 * What is special in a URL is percent-encoded in user and password.
 *
 * @throws TypeError for a URL that is none of these
 */
export function openRegistry(url: string, options: OpenRegistryOptions = {}): Registry {
  const { logger = silentLogger, monitor = () => {} } = options;
  return openOne(parseRegistryUrl(url), { logger, monitor });
}

function openOne(url: RegistryUrl, context: DriverContext): Registry {
  const driver = Object.hasOwn(registryDrivers, url.driver) ? registryDrivers[url.driver] : undefined;
  if (driver === undefined) {
    const forms = Object.values(registryDrivers).map(({ form }) => form);
    throw new TypeError(`registry ${url.shown}: unknown driver; use one of ${forms.join(", ")}`);
  }
  const unknown = Object.keys(url.options).find((name) => !driver.options?.includes(name));
  if (unknown !== undefined) {
    const known = driver.options?.join(", ") ?? "none";
    throw new TypeError(`registry ${url.shown}: unknown option "${unknown}" (it takes: ${known})`);
  }
  try {
    return driver.open(url, context);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`registry ${url.shown}: expected ${driver.form} (${why})`, { cause });
  }
}
