import { isIPv4 } from "node:net";
import { type Logger, type RegistryMonitor, silentLogger } from "../../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { authority } from "../authority.js";
import { guarded } from "../guarded-monitor.js";
import {
  type Credentials,
  checkCredentials,
  givenCredentials,
  type KubernetesCredentials,
  mountedCredentials,
} from "./credentials.js";
import { mountedNamespace, usualFolder } from "./service-account.js";
import { labelPattern, namespacePattern } from "./service-address.js";

export interface KubernetesRegistryOptions extends KubernetesCredentials {
  /**
   * Where the API server answers: `https://10.0.0.1:6443`, or `http://127.0.0.1:8001` of a `kubectl proxy`; a path is kept.
   * Default: that of the cluster this process runs in, and with it the token, the authority and the namespace that are
   * mounted into its pod. Where it is given, none of the three is taken from there.
   */
  readonly server?: string;
  /** Default: the pod's own; `default` where `server` is given. A service of another one is watched as `name.namespace`. */
  readonly namespace?: string;
  /** The folder in which a pod finds who it is. Default: `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccount?: string;
  /** Which port of a service is called, by name. Default: the one named `grpc`, else the only one there is. */
  readonly portName?: string;
  /** How endpoints begin: `grpcs` where the pods speak TLS. Default: `grpc`. */
  readonly scheme?: string;
  /** Narrows the slices that are read, as in `kubectl -l`: `track=stable`. Default: all of a service. */
  readonly labelSelector?: string;
  /** How long the server may take to begin an answer, or to end one that is a list, in ms. Default: 10 000. */
  readonly requestTimeoutMs?: number;
  /** A watch that says nothing for so long is opened anew, in ms; a server says something about every minute. Default: 90 000. */
  readonly silenceMs?: number;
  /** Slices per page of a list. Default: 500. */
  readonly pageSize?: number;
  /** How long those who are missing when the server is back are still believed in, in ms. Default: 10 000. */
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

export interface ResolvedKubernetesOptions {
  readonly name: string;
  readonly server: URL;
  readonly namespace: string;
  readonly credentials: Credentials;
  readonly portName: string | undefined;
  readonly scheme: string;
  readonly labelSelector: string | undefined;
  readonly requestTimeoutMs: number;
  readonly silenceMs: number;
  readonly pageSize: number;
  readonly settleMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** @throws TypeError or RangeError for an option that cannot be */
export function resolveKubernetesOptions(options: KubernetesRegistryOptions): ResolvedKubernetesOptions {
  const { requestTimeoutMs = 10_000, silenceMs = 90_000, pageSize = 500, settleMs = 10_000 } = options;
  const { clock = systemClock, scheme = "grpc", portName, labelSelector } = options;
  checkWhole({ requestTimeoutMs, silenceMs, pageSize }, 1);
  checkWhole({ settleMs }, 0);
  checkPattern("scheme", scheme, /^[a-z][a-z0-9+.-]*$/, "grpc or grpcs");
  if (portName !== undefined) checkPattern("portName", portName, labelPattern, "the name of a port, as in a Service");
  if (labelSelector !== undefined) checkPattern("labelSelector", labelSelector, /^[!-~ ]+$/, "e.g. track=stable");
  const { serviceAccount = usualFolder } = options;
  const inCluster = options.server === undefined;
  const server = checkServer(options.server ?? serverOfThisCluster());
  const namespace = options.namespace ?? (inCluster ? mountedNamespace(serviceAccount) : "default");
  checkPattern("namespace", namespace, namespacePattern, "the name of a namespace, e.g. default");
  checkCredentials(options);
  const credentials = inCluster ? mountedCredentials(serviceAccount, options, clock) : givenCredentials(options, clock);
  checkSecrecy(server, credentials);
  const name = `kubernetes://${server.host}${server.pathname.replace(/\/$/, "")}/${namespace}`;
  const logger = (options.logger ?? silentLogger).child({ registry: name });
  const { random = systemRandom } = options;
  const numbers = { requestTimeoutMs, silenceMs, pageSize, settleMs };
  return {
    name,
    server,
    namespace,
    credentials,
    portName,
    scheme,
    labelSelector,
    ...numbers,
    clock,
    random,
    logger,
    monitor: guarded(options.monitor, logger),
  };
}

function serverOfThisCluster(): string {
  const host = process.env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = process.env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (host === "") {
    throw new TypeError(
      `kubernetesRegistry: this process runs in no pod (KUBERNETES_SERVICE_HOST is not set); give server, e.g. http://127.0.0.1:8001 of a kubectl proxy`,
    );
  }
  return `https://${authority(host, port)}`;
}

function checkServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const plain = url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && (url.protocol === "https:" || url.protocol === "http:")) return url;
  const shown = JSON.stringify(server.replace(/\/\/.*@/, "//…@"));
  throw new TypeError(`kubernetesRegistry: server ${shown}; expected https://host:port or http://host:port`);
}

/** What proves who we are is not sent where anybody can read it. */
function checkSecrecy({ protocol, hostname }: URL, { hasToken }: Credentials): void {
  if (protocol === "https:" || !hasToken || isThisMachine(hostname)) return;
  throw new TypeError(
    `kubernetesRegistry: server http://${hostname} would get the token where anybody can read it; use https, or leave the token out`,
  );
}

/** `127.evil.example` is a name, and somebody's. */
function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}

function checkPattern(option: string, value: string, pattern: RegExp, allowed: string): void {
  if (typeof value === "string" && pattern.test(value)) return;
  throw new TypeError(`kubernetesRegistry: ${option} is ${JSON.stringify(value)}; expected ${allowed}`);
}

function checkWhole(values: { readonly [option: string]: number }, least: number): void {
  for (const [option, value] of Object.entries(values)) {
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) continue;
    throw new RangeError(`kubernetesRegistry: ${option} is ${value}; it must be a whole number from ${least}`);
  }
}
