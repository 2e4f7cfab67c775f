import { isIPv4, isIPv6 } from "node:net";
import type { Instance } from "../../contract/contract.js";
import { authority } from "../authority.js";
import { copyInstance } from "../instance-message.js";
import { fieldsOf, listOf, textOf } from "./json.js";

export interface SliceOptions {
  /** As the framework names the service. */
  readonly service: string;
  /** Which port, by name; undefined: `grpc`, or the only one. */
  readonly portName: string | undefined;
  readonly scheme: string;
}

/** One EndpointSlice: the part of a service's pods whose addresses are of one family. */
export interface Slice {
  readonly name: string;
  readonly members: readonly Member[];
  /** What of it made no sense. */
  readonly leftOut: readonly string[];
}

export interface Member {
  readonly instance: Instance;
  /** Of the pod: a StatefulSet gives the name of a pod that goes to the one that comes. Its address where it is no pod. */
  readonly uid: string;
}

/**
 * Reads `discovery.k8s.io/v1` EndpointSlices, which may be anything: what makes no sense is left out.
 *
 * - A pod is `serving` where `ready` is true, or is not said, which means so.
 * - It is `draining` once it is `terminating`, ready or not: nothing new is for it, and what it has begun goes on.
 * - Otherwise it is not there: as kube-proxy, nobody calls a pod that is not ready, even where no other is.
 */
export function readSlice(object: unknown, options: SliceOptions): Slice {
  const { metadata, addressType, ports, endpoints } = fieldsOf(object);
  const name = textOf(fieldsOf(metadata)["name"]);
  const members: Member[] = [];
  const leftOut: string[] = [];
  if (name === "") return { name, members, leftOut: ["an endpointslice without a name"] };
  const present = listOf(endpoints).filter((each) => stateOf(each) !== undefined);
  const port = portOf(ports, options.portName);
  if (typeof port === "string") {
    if (present.length > 0) leftOut.push(`endpointslice ${name}: ${port}`);
    return { name, members, leftOut };
  }
  const common = { ...options, port, addressType: textOf(addressType), labels: fieldsOf(fieldsOf(metadata)["labels"]) };
  for (const [index, endpoint] of present.entries()) {
    try {
      members.push(readEndpoint(endpoint, { ...common, namespace: textOf(fieldsOf(metadata)["namespace"]) }));
    } catch (error) {
      leftOut.push(`endpointslice ${name}, endpoint ${index}: ${(error as Error).message}`);
    }
  }
  return { name, members, leftOut };
}

interface Common extends SliceOptions {
  readonly port: number;
  readonly addressType: string;
  readonly labels: { readonly [name: string]: unknown };
  readonly namespace: string;
}

/** Of several addresses, any will do: the API says that they lead to the same. */
function readEndpoint(endpoint: unknown, common: Common): Member {
  const { addresses, targetRef, nodeName, zone } = fieldsOf(endpoint);
  const { kind, name, uid } = fieldsOf(targetRef);
  const address = authority(hostOf(listOf(addresses)[0], common.addressType), common.port);
  const pod = kind === "Pod" || kind === undefined ? textOf(name) : "";
  const instance = copyInstance({
    id: pod || address,
    service: common.service,
    version: textOf(common.labels["app.kubernetes.io/version"]),
    endpoints: [`${common.scheme}://${address}`],
    contracts: [],
    metadata: said({
      "k8s.namespace.name": textOf(common.namespace),
      "k8s.node.name": textOf(nodeName),
      "k8s.pod.uid": pod && textOf(uid),
    }),
    weight: 100,
    zone: textOf(zone),
    state: stateOf(endpoint) ?? "serving",
    startedAt: new Date(0),
  });
  return { instance, uid: (pod && textOf(uid)) || instance.id };
}

function stateOf(endpoint: unknown): "serving" | "draining" | undefined {
  const { ready, terminating } = fieldsOf(fieldsOf(endpoint)["conditions"]);
  if (terminating === true) return "draining";
  return ready === false ? undefined : "serving";
}

/** The number, or why there is none. */
function portOf(ports: unknown, portName: string | undefined): number | string {
  const tcp = listOf(ports)
    .map(fieldsOf)
    .filter(({ protocol }) => (protocol ?? "TCP") === "TCP");
  const named = tcp.find(({ name }) => textOf(name) === (portName ?? "grpc"));
  const chosen = named ?? (portName === undefined && tcp.length === 1 ? tcp[0] : undefined);
  if (chosen === undefined) {
    const there = tcp.map(({ name }) => JSON.stringify(textOf(name))).join(", ") || "none";
    const wanted =
      portName === undefined ? 'name the one of gRPC "grpc", or give portName' : `portName is "${portName}"`;
    return `which port? TCP ports are ${there}; ${wanted}`;
  }
  const { port } = chosen;
  if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  return `port is ${JSON.stringify(port)}`;
}

const domainName = /^[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?$/;

function hostOf(address: unknown, addressType: string): string {
  const text = textOf(address);
  if (addressType === "IPv4" && isIPv4(text)) return text;
  if (addressType === "IPv6" && isIPv6(text)) return text;
  if (addressType === "FQDN" && domainName.test(text)) return text;
  throw new TypeError(`address is ${JSON.stringify(address)?.slice(0, 100)}, of type ${JSON.stringify(addressType)}`);
}

function said(fields: { readonly [name: string]: string }): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}
