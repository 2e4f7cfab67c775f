import { createClient } from "../client/client.js";
import { type Logger, silentLogger } from "../contract/contract.js";
import { RegistryServiceDefinition } from "../gen/hawser/registry/v1/registry.js";
import { etcdRegistry } from "../registry/etcd/etcd.js";
import { hawserRegistry } from "../registry/hawser/hawser.js";
import { memoryRegistry } from "../registry/memory/memory.js";
import type { Registry } from "../registry/registry.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";

export interface OpenRegistryOptions {
  readonly logger?: Logger;
}

/** Where `hawser registry` listens unless told otherwise. */
export const defaultRegistryUrl = "hawser://127.0.0.1:7400";

/**
 * Opens a registry by its URL, as an operator writes it into `HAWSER_REGISTRY`:
 *
 * - `hawser://127.0.0.1:7400`: a registry server started by `hawser registry`;
 * - `etcd://user:password@10.0.0.1:2379,10.0.0.2:2379/prefix`: an etcd cluster; `etcds://` with TLS; what is special in a URL
 *   is percent-encoded in user and password;
 * - `memory:`: this process alone.
 *
 * @throws TypeError for a URL that is none of these
 */
export function openRegistry(url: string, options: OpenRegistryOptions = {}): Registry {
  const { logger = silentLogger } = options;
  const shown = JSON.stringify(withoutPassword(url));
  if (/^memory:(\/\/)?$/.test(url)) return memoryRegistry();
  const [, driver, rest = ""] = /^([a-z0-9+]+):\/\/(.*)$/.exec(url) ?? [];
  switch (driver) {
    case "hawser":
      return openHawserRegistry(shown, url, rest, logger);
    case "etcd":
    case "etcds":
      return openEtcdRegistry(shown, driver === "etcds", rest, logger);
    default:
      throw new TypeError(
        `registry ${shown}: unknown driver; use hawser://host:port, etcd://host:port[,host:port][/prefix] or memory:`,
      );
  }
}

/** The registry owns the client it speaks through. */
function openHawserRegistry(shown: string, url: string, rest: string, logger: Logger): Registry {
  const [, address] = /^([^@/]+:\d+)\/?$/.exec(rest) ?? [];
  if (address === undefined) throw new TypeError(`registry ${shown}: expected hawser://host:port`);
  const target = `grpc://${address}`;
  const client = createClient(RegistryServiceDefinition, { target, transport: grpcJsTransport() });
  const registry = hawserRegistry({ client, name: url, logger });
  const close = async (): Promise<void> => {
    await registry.close();
    await client.close();
  };
  return {
    name: registry.name,
    capabilities: registry.capabilities,
    register: (instance, options) => registry.register(instance, options),
    watch: (service, onSnapshot) => registry.watch(service, onSnapshot),
    list: () => registry.list(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const etcdRest = /^(?:(?<username>[^:@/]+):(?<password>[^@/]*)@)?(?<hosts>[^/@]+)(?<prefix>\/.*[^/])?\/?$/;

function openEtcdRegistry(shown: string, secure: boolean, rest: string, logger: Logger): Registry {
  const parts = etcdRest.exec(rest)?.groups;
  if (parts?.["hosts"] === undefined) {
    throw new TypeError(`registry ${shown}: expected etcd://[user:password@]host:port[,host:port][/prefix]`);
  }
  const { hosts, prefix, username, password } = parts;
  return etcdRegistry({
    hosts: hosts.split(",").map((host) => (secure ? `https://${host}` : host)),
    logger,
    ...(prefix === undefined ? {} : { prefix }),
    ...(username === undefined
      ? {}
      : { auth: { username: decoded(username, shown), password: decoded(password ?? "", shown) } }),
  });
}

function decoded(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new TypeError(`registry ${shown}: user and password are percent-encoded, and one of them is not`, { cause });
  }
}

/** For messages and screens, which others see: nothing that stands before the last "@", but for the scheme. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z0-9+]+:\/\/)?.*@/s, "$1…@");
}
