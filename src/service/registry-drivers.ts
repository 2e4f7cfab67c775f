import { createClient } from "../client/client.js";
import type { Logger, RegistryMonitor } from "../contract/contract.js";
import { RegistryServiceDefinition } from "../gen/hawser/registry/v1/registry.js";
import { consulRegistry } from "../registry/consul/consul.js";
import { dnsRegistry } from "../registry/dns/dns.js";
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
import { kubernetesRegistry } from "../registry/kubernetes/kubernetes.js";
import { mdnsRegistry } from "../registry/mdns/mdns.js";
import { memoryRegistry } from "../registry/memory/memory.js";
import type { Registry } from "../registry/registry.js";
import { parseStaticServices } from "../registry/static/inline.js";
import { staticRegistry } from "../registry/static/static.js";
import { wrapped } from "../registry/wrapped.js";
import { zookeeperRegistry } from "../registry/zookeeper/zookeeper.js";
import { defaultTransport } from "./open-transport.js";
import { credentialsOf, tlsOf, tlsOptions } from "./registry-tls.js";
import type { RegistryUrl } from "./registry-url.js";

/** What every driver takes. */
export interface DriverContext {
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** `rest` is all of it. */
export type UrlPart = "user" | "password" | "hosts" | "path" | "rest";

export interface RegistryDriver {
  /** For people: `etcd://[user:password@]host:port[,host:port][/prefix]`. */
  readonly form: string;
  /** What of a URL it reads; a URL that has more is not of its form. Default: nothing. */
  readonly reads?: readonly UrlPart[];
  /** Names of the options it takes behind a "?". */
  readonly options?: readonly string[];
  /** @throws TypeError or RangeError for what it cannot use */
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
  reads: ["user", "password", "hosts", "path"],
  options: ["layout", ...tlsOptions],
  open({ driver, hosts, user, password = "", path, options }, context) {
    const credentials = credentialsOf(options);
    return etcdRegistry({
      ...context,
      hosts: hosts.map((host) => (driver === "etcds" ? `https://${host}` : host)),
      ...(path !== "" && { prefix: path }),
      ...(user !== undefined && { auth: { username: user, password } }),
      ...(options["layout"] !== undefined && { layout: oneOf("layout", options["layout"], layouts) }),
      ...(credentials && { credentials }),
    });
  },
};

const consul: Omit<RegistryDriver, "form"> = {
  reads: ["user", "hosts"],
  options: ["datacenter", "namespace", ...tlsOptions],
  open({ driver, hosts, user, options }, context) {
    const tls = tlsOf(options);
    return consulRegistry({
      ...context,
      ...(hosts[0] !== undefined && { address: `${driver === "consuls" ? "https" : "http"}://${hosts.join(",")}` }),
      ...(user && { token: user }),
      ...only(options, "datacenter", "namespace"),
      ...(tls && { tls }),
    });
  },
};

/** What can stand before the first colon. */
export const registryDrivers: { readonly [name: string]: RegistryDriver } = {
  hawser: { form: "hawser://host:port", reads: ["hosts"], open: openHawser },
  etcd: { form: "etcd://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  etcds: { form: "etcds://[user:password@]host:port[,host:port][/prefix]", ...etcd },
  consul: { form: "consul://[token@]host:port", ...consul },
  consuls: { form: "consuls://[token@]host:port", ...consul },
  zookeeper: {
    form: "zookeeper://[user:password@]host:port[,host:port][/prefix]",
    reads: ["user", "password", "hosts", "path"],
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
    reads: ["path"],
    options: ["portName", "labelSelector", "scheme"],
    open: ({ path, options }, context) =>
      kubernetesRegistry({
        ...context,
        ...(path !== "" && { namespace: path.slice(1) }),
        ...only(options, "portName", "labelSelector", "scheme"),
      }),
  },
  dns: {
    form: "dns:[//server[:port],…][/domain]",
    reads: ["hosts", "path"],
    options: ["port", "srv", "scheme"],
    open: ({ hosts, path, options: { port, ...options } }, context) =>
      dnsRegistry({
        ...context,
        ...(hosts.length > 0 && { servers: hosts }),
        ...(path !== "" && { domain: path.slice(1) }),
        ...(port !== undefined && { port: wholeNumber("port", port) }),
        ...only(options, "srv", "scheme"),
      }),
  },
  mdns: {
    form: "mdns:",
    options: ["interface", "port"],
    open: ({ options: { port, ...options } }, context) =>
      mdnsRegistry({
        ...context,
        ...(port !== undefined && { port: wholeNumber("port", port) }),
        ...only(options, "interface"),
      }),
  },
  static: {
    form: "static:services.yaml or static:service=host:port,host:port;service=…",
    reads: ["rest"],
    open: ({ rest }, context) =>
      staticRegistry({
        ...context,
        ...(rest.includes("=") ? { services: parseStaticServices(rest) } : { file: rest }),
      }),
  },
  memory: {
    form: "memory:",
    open: (_url, context) => memoryRegistry(context),
  },
};

/** Those of the options that were given. */
function only<Name extends string>(
  options: { readonly [name: string]: string | undefined },
  ...names: readonly Name[]
): { readonly [N in Name]?: string } {
  const given = names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return Object.fromEntries(given) as { [N in Name]?: string };
}

/** The registry owns the client it speaks through. */
function openHawser({ hosts }: RegistryUrl, context: DriverContext): Registry {
  const [address = ""] = hosts;
  if (hosts.length !== 1 || !/^.+:\d+$/.test(address)) throw new TypeError("expected hawser://host:port");
  const client = createClient(RegistryServiceDefinition, {
    target: `grpc://${address}`,
    transport: defaultTransport(),
  });
  const registry = hawserRegistry({ ...context, client, name: `hawser://${address}` });
  const close = (): Promise<void> => registry.close().finally(() => client.close());
  return wrapped(registry, { close });
}

function oneOf<T>(name: string, value: string, allowed: { readonly [name: string]: T }): T {
  const found = Object.hasOwn(allowed, value) ? allowed[value] : undefined;
  if (found !== undefined) return found;
  throw new TypeError(`${name} is "${value}"; there are ${Object.keys(allowed).join(", ")}`);
}

/** `Number()` takes an empty text for 0, and others for what nobody meant. */
function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new TypeError(`${name} is ${JSON.stringify(text)}; it must be a whole number`);
}
