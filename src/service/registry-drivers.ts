import { readFileSync } from "node:fs";
import { createClient } from "../client/client.js";
import type { Logger, RegistryMonitor } from "../contract/contract.js";
import { RegistryServiceDefinition } from "../gen/hawser/registry/v1/registry.js";
import { consulRegistry } from "../registry/consul/consul.js";
import { dnsRegistry } from "../registry/dns/dns.js";
import {
  type EtcdCredentials,
  type EtcdLayout,
  etcdNamingLayout,
  etcdRegistry,
  goMicroLayout,
  goZeroLayout,
  hawserLayout,
  kratosLayout,
} from "../registry/etcd/etcd.js";
import { hawserRegistry } from "../registry/hawser/hawser.js";
import { kubernetesRegistry } from "../registry/kubernetes/kubernetes.js";
import { mdnsRegistry } from "../registry/mdns/mdns.js";
import { memoryRegistry } from "../registry/memory/memory.js";
import type { Registry } from "../registry/registry.js";
import { parseStaticServices } from "../registry/static/inline.js";
import { staticRegistry } from "../registry/static/static.js";
import { zookeeperRegistry } from "../registry/zookeeper/zookeeper.js";
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
      ...credentialsOf(options),
    }),
};

const consul: Omit<RegistryDriver, "form"> = {
  options: ["datacenter", "namespace", "ca", "cert", "key"],
  open: ({ driver, hosts, user, options }, context) =>
    consulRegistry({
      ...context,
      ...(hosts[0] !== undefined && { address: `${driver === "consuls" ? "https" : "http"}://${hosts.join(",")}` }),
      ...(user && { token: user }),
      ...only(options, "datacenter", "namespace"),
      ...tlsOf(options),
    }),
};

/** What can stand before the first colon. */
export const registryDrivers: { readonly [name: string]: RegistryDriver } = {
  hawser: { form: "hawser://host:port", open: openHawser },
  etcd: { form: "etcd://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  etcds: { form: "etcds://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  consul: { form: "consul://[token@]host:port", ...consul },
  consuls: { form: "consuls://[token@]host:port", ...consul },
  zookeeper: {
    form: "zookeeper://[user:password@]host:port[,host:port][/prefix]",
    open: ({ hosts, user, password = "", path }, context) =>
      zookeeperRegistry({
        ...context,
        hosts,
        ...(path !== "" && { prefix: path }),
        ...(user !== undefined && { auth: { username: user, password } }),
      }),
  },
  kubernetes: {
    form: "kubernetes:[///namespace]",
    options: ["portName", "labelSelector", "scheme"],
    open: ({ rest, hosts, path, options }, context) => {
      if (hosts.length > 0 || !/^(\/\/.*)?$/.test(rest))
        throw new TypeError("the cluster is the one around this process");
      const namespace = path.slice(1);
      return kubernetesRegistry({
        ...context,
        ...(namespace !== "" && { namespace }),
        ...only(options, "portName", "labelSelector", "scheme"),
      });
    },
  },
  dns: {
    form: "dns:[//server[:port],…][/domain]",
    options: ["port", "srv", "scheme"],
    open: ({ hosts, path, options: { port, ...options } }, context) =>
      dnsRegistry({
        ...context,
        ...(hosts.length > 0 && { servers: hosts }),
        ...(path !== "" && { domain: path.slice(1) }),
        ...(port !== undefined && { port: Number(port) }),
        ...only(options, "srv", "scheme"),
      }),
  },
  mdns: {
    form: "mdns:",
    options: ["interface", "port"],
    open({ rest, options: { port, ...options } }, context) {
      noAddress(rest);
      return mdnsRegistry({
        ...context,
        ...(port !== undefined && { port: Number(port) }),
        ...only(options, "interface"),
      });
    },
  },
  static: {
    form: "static:services.yaml or static:service=host:port,host:port;service=…",
    open: ({ rest }, context) =>
      staticRegistry({
        ...context,
        ...(rest.includes("=") ? { services: parseStaticServices(rest) } : { file: rest }),
      }),
  },
  memory: {
    form: "memory:",
    open({ rest }, context) {
      noAddress(rest);
      return memoryRegistry(context);
    },
  },
};

function noAddress(rest: string): void {
  if (rest !== "" && rest !== "//") throw new TypeError("it has no address");
}

/** Those of the options that were given. */
function only<Name extends string>(
  options: { readonly [name: string]: string | undefined },
  ...names: readonly Name[]
): { readonly [N in Name]?: string } {
  const given = names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return Object.fromEntries(given) as { [N in Name]?: string };
}

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

interface Pem {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What the files hold that `ca`, `cert` and `key` name. @throws Error where one cannot be read */
function pem(options: RegistryUrl["options"]): Partial<Pem> {
  const files = Object.entries(only(options, "ca", "cert", "key"));
  return Object.fromEntries(files.map(([name, file]) => [name, readFileSync(file)]));
}

function tlsOf(options: RegistryUrl["options"]): { readonly tls?: Partial<Pem> } {
  const tls = pem(options);
  return tls.ca === undefined ? {} : { tls };
}

/** As etcd3 calls them. */
function credentialsOf(options: RegistryUrl["options"]): { readonly credentials?: EtcdCredentials } {
  const { ca, cert, key } = pem(options);
  if (ca === undefined) return {};
  return { credentials: { rootCertificate: ca, ...(cert && { certChain: cert }), ...(key && { privateKey: key }) } };
}
