import { readFileSync } from "node:fs";
import { createClient } from "../client/client.js";
import type { Logger, RegistryMonitor } from "../contract/contract.js";
import { RegistryServiceDefinition } from "../gen/hawser/registry/v1/registry.js";
import {
  type EtcdLayout,
  etcdNamingLayout,
  etcdRegistry,
  goMicroLayout,
  goZeroLayout,
  hawserLayout,
  kratosLayout,
} from "../registry/etcd/etcd.js";
import { hawserRegistry } from "../registry/hawser/hawser.js";
import { memoryRegistry } from "../registry/memory/memory.js";
import type { Registry } from "../registry/registry.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";
import type { RegistryUrl } from "./registry-url.js";

/** What every driver takes. */
export interface DriverContext {
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

export interface RegistryDriver {
  /** For people: `etcd://[user:password@]host:port[,host:port][/prefix]`. */
  readonly form: string;
  /** Names of the options it takes behind a "?". */
  readonly options?: readonly string[];
  /** @throws TypeError or RangeError for what is not of its form */
  open(url: RegistryUrl, context: DriverContext): Registry;
}

const layouts: { readonly [name: string]: EtcdLayout } = {
  hawser: hawserLayout,
  "go-micro": goMicroLayout,
  kratos: kratosLayout,
  "etcd-naming": etcdNamingLayout,
  "go-zero": goZeroLayout,
};

const etcd: Omit<RegistryDriver, "form"> = {
  options: ["layout", "ca", "cert", "key"],
  open: ({ driver, hosts, user, password = "", path, options }, context) =>
    etcdRegistry({
      ...context,
      hosts: hosts.map((host) => (driver === "etcds" ? `https://${host}` : host)),
      ...(path !== "" && { prefix: path }),
      ...(user !== undefined && { auth: { username: user, password } }),
      ...(options["layout"] !== undefined && { layout: oneOf("layout", options["layout"], layouts) }),
      ...(options["ca"] !== undefined && { credentials: pem(options["ca"], options["cert"], options["key"]) }),
    }),
};

/** What can stand before the "://". */
export const registryDrivers: { readonly [name: string]: RegistryDriver } = {
  hawser: { form: "hawser://host:port", open: openHawser },
  etcd: { form: "etcd://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  etcds: { form: "etcds://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  memory: {
    form: "memory:",
    open({ rest }, context) {
      if (rest !== "" && rest !== "//") throw new TypeError("it has no address");
      return memoryRegistry(context);
    },
  },
};

/** The registry owns the client it speaks through. */
function openHawser({ hosts, user, path }: RegistryUrl, context: DriverContext): Registry {
  const [address = ""] = hosts;
  if (hosts.length !== 1 || user !== undefined || path !== "" || !/^.+:\d+$/.test(address)) {
    throw new TypeError("it is one host and its port");
  }
  const client = createClient(RegistryServiceDefinition, { target: `grpc://${address}`, transport: grpcJsTransport() });
  const registry = hawserRegistry({ ...context, client, name: `hawser://${address}` });
  return owning(registry, () => client.close());
}

/** The same registry, which closes something else after itself. */
function owning(registry: Registry, closeToo: () => Promise<void>): Registry {
  const close = async (): Promise<void> => {
    await registry.close();
    await closeToo();
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

function oneOf<T>(name: string, value: string, allowed: { readonly [name: string]: T }): T {
  const found = Object.hasOwn(allowed, value) ? allowed[value] : undefined;
  if (found !== undefined) return found;
  throw new TypeError(`${name} is "${value}"; there are ${Object.keys(allowed).join(", ")}`);
}

function pem(ca: string, cert: string | undefined, key: string | undefined) {
  return {
    rootCertificate: readFileSync(ca),
    ...(cert !== undefined && { certChain: readFileSync(cert) }),
    ...(key !== undefined && { privateKey: readFileSync(key) }),
  };
}
