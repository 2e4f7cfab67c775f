import type { Instance } from "../../contract/contract.js";
import { fromMessage, InstanceMessage, toMessage } from "../instance-message.js";

/** What an agent is told of a service instance, as far as it says who that is. */
export interface ServiceRecord {
  readonly ID: string;
  readonly Name: string;
  readonly Address?: string;
  readonly Port?: number;
  readonly Meta: { readonly [key: string]: string };
  readonly Weights: { readonly Passing: number; readonly Warning: number };
}

/** An entry of `/v1/health/service/:name`, as far as it is read; others may leave out anything. */
export interface HealthEntry {
  readonly Node?: { readonly Node?: string; readonly Address?: string; readonly Datacenter?: string };
  readonly Service?: {
    readonly ID?: string;
    readonly Service?: string;
    readonly Address?: string;
    readonly Port?: number;
    readonly Tags?: readonly string[] | null;
    readonly Meta?: { readonly [key: string]: string } | null;
    readonly Weights?: { readonly Passing?: number };
  };
}

/** Consul allows 64 pairs, and 512 bytes in a value. One pair is the version's, for people and for Consul's own filters. */
const mostParts = 63;
const partLength = 512;
const partName = (index: number): string => `hawser-instance-${String(index).padStart(2, "0")}`;

/** What is 1 in Consul is 100 here. */
const usualWeight = 100;
const largestConsulWeight = 65_535;
const largestWeight = 2 ** 32 - 1;

/**
 * The instance as an agent keeps it: address and port of its first gRPC endpoint and its weight for those who know only
 * Consul, and the whole of it, as proto3 JSON in ASCII, cut into the pairs `hawser-instance-00`, `-01`, … of Meta.
 *
 * @throws TypeError for an instance that Consul cannot carry
 */
export function toRecord(instance: Instance): ServiceRecord {
  const { id, service, version, weight, endpoints } = instance;
  checkName(id);
  checkName(service);
  const json = ascii(JSON.stringify(InstanceMessage.toJSON(toMessage(instance))));
  const count = Math.ceil(json.length / partLength);
  if (count > mostParts) {
    throw new TypeError(
      `instance "${id}": it is ${json.length} characters of JSON, and Consul carries ${mostParts * partLength}; shorten its metadata`,
    );
  }
  const parts = Array.from({ length: count }, (_, index) => [
    partName(index),
    json.slice(index * partLength, (index + 1) * partLength),
  ]);
  const consulWeight = Math.min(largestConsulWeight, Math.max(1, Math.round(weight / usualWeight)));
  return {
    ID: id,
    Name: service,
    ...addressOf(endpoints),
    Meta: { ...Object.fromEntries(parts), ...(/^[ -~]{1,512}$/.test(version) && { version }) },
    Weights: { Passing: consulWeight, Warning: 1 },
  };
}

/** @throws TypeError for a name that means something else in a URL */
export function checkName(name: string): void {
  if (name === "." || name === "..") throw new TypeError(`"${name}": Consul cannot be asked for such a name`);
}

/** @throws TypeError or SyntaxError for an entry that is no instance of the service */
export function fromEntry(service: string, entry: HealthEntry): Instance {
  return entry.Service?.Meta?.[partName(0)] === undefined ? foreign(service, entry) : ours(service, entry);
}

function ours(service: string, { Service: { ID, Meta } = {} }: HealthEntry): Instance {
  const parts = Array.from({ length: mostParts + 1 }, (_, index) => Meta?.[partName(index)]);
  const json = parts.slice(0, parts.indexOf(undefined)).join("");
  const instance = fromMessage(InstanceMessage.fromJSON(JSON.parse(json)));
  if (instance.service === service && instance.id === ID) return instance;
  throw new TypeError(`it says that it is "${instance.id}" of ${instance.service}`);
}

/** Who was not registered by Hawser: it speaks gRPC where it says it is. Ids are Consul's, which are unique on a node only. */
function foreign(service: string, { Node = {}, Service = {} }: HealthEntry): Instance {
  const { ID = "", Port = 0, Tags, Meta, Weights } = Service;
  if (ID === "") throw new TypeError("it has no ID");
  const host = Service.Address || Node.Address || "";
  const id = `${ID}@${Node.Node ?? ""}`.replace(/[^!-.0-~]/gu, (character) => encodeURIComponent(character));
  const endpoint = `grpc://${host.includes(":") ? `[${host}]` : host}:${Port}`;
  const weight = Math.min(largestWeight, (Weights?.Passing ?? 1) * usualWeight);
  return fromMessage({
    id,
    service,
    version: String(Meta?.["version"] ?? ""),
    endpoints: host !== "" && Port > 0 ? [endpoint] : [],
    contracts: [],
    metadata: strings({ ...Meta, ...(Tags?.length && { "consul-tags": Tags.join(",") }) }),
    weight,
    zone: String(Node.Datacenter ?? ""),
    state: 0,
    startedAt: undefined,
  });
}

function strings(values: object): { [key: string]: string } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

const endpointForm = /^grpcs?:\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:/\s]+)):(\d{1,5})$/;

function addressOf(endpoints: readonly string[]): { readonly Address?: string; readonly Port?: number } {
  for (const endpoint of endpoints) {
    const [, ipv6, name, port] = endpointForm.exec(endpoint) ?? [];
    const Address = ipv6 ?? name;
    if (Address !== undefined) return { Address, Port: Number(port) };
  }
  return {};
}

/** In JSON any character may be written so; and then a character is a byte, and a cut never splits one. */
function ascii(text: string): string {
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
