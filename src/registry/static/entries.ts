import { createHash } from "node:crypto";
import type { Instance, InstanceState } from "../../contract/contract.js";
import { checkServiceName, copyInstance } from "../instance-message.js";

/** By service name. */
export interface StaticServices {
  readonly [service: string]: readonly (string | StaticInstance)[];
}

/** An instance as a person writes it down; a string is its only endpoint. */
export interface StaticInstance {
  /** `grpc://10.0.0.1:50051`; an address without a scheme speaks gRPC. One or more. */
  readonly endpoints: string | readonly string[];
  /** Unique in the list. Default: made of the service and the endpoints, so that it stays the same. */
  readonly id?: string;
  /** Default: empty. */
  readonly version?: string;
  /** Default: none. */
  readonly contracts?: readonly string[];
  /** Default: none. */
  readonly metadata?: { readonly [key: string]: string };
  /** Default: 100. */
  readonly weight?: number;
  /** Default: empty. */
  readonly zone?: string;
  /** Default: `serving`. */
  readonly state?: InstanceState;
  /** Or its text in ISO 8601. Default: 1970. */
  readonly startedAt?: Date | string;
}

/** What is wrong with a list, and where: `["orders", 1, "weight"]`. */
export class EntryError extends TypeError {
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], reason: string) {
    super(reason);
    this.name = "EntryError";
    this.path = path;
  }
}

/** @throws EntryError for what is not as `StaticServices` says */
export function readEntries(services: unknown): readonly Instance[] {
  const all = Object.entries(mapping(services, [], 'a mapping of services, { orders: ["10.0.0.1:50051"] }'));
  const instances: Instance[] = [];
  const ids = new Set<string>();
  for (const [service, entries] of all) {
    at([service], () => checkServiceName(service));
    for (const [index, entry] of list(entries, [service], "a list of instances").entries()) {
      const path = [service, index];
      const instance = readEntry(service, entry, path);
      if (ids.has(instance.id))
        throw new EntryError(path, `there are two instances with the id ${quoted(instance.id)}`);
      ids.add(instance.id);
      instances.push(instance);
    }
  }
  return instances;
}

const known = ["endpoints", "id", "version", "contracts", "metadata", "weight", "zone", "state", "startedAt"];

function readEntry(service: string, entry: unknown, path: readonly (string | number)[]): Instance {
  const fields =
    typeof entry === "string" ? { endpoints: entry } : mapping(entry, path, "an address, or a mapping with endpoints");
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) {
      throw new EntryError([...path, key], `there is no ${quoted(key)}; known are ${known.join(", ")}`);
    }
  }
  const of = (key: string): readonly (string | number)[] => (typeof entry === "string" ? path : [...path, key]);
  const endpoints = readEndpoints(fields["endpoints"], of("endpoints"));
  const { weight = 100, state = "serving" } = fields;
  const instance = {
    service,
    endpoints,
    id: text(fields["id"] ?? stableId(service, endpoints), of("id")),
    version: text(fields["version"] ?? "", of("version")),
    contracts: texts(fields["contracts"] ?? [], of("contracts")),
    metadata: labels(fields["metadata"] ?? {}, of("metadata")),
    weight: weight as number,
    zone: text(fields["zone"] ?? "", of("zone")),
    state: state as InstanceState,
    startedAt: moment(fields["startedAt"], of("startedAt")),
  };
  return at(path, () => copyInstance(instance));
}

const address = /^(?:[a-z][a-z0-9+.-]*:\/\/\S+|(?:\[[0-9a-fA-F:.%]+\]|[^\s:/[\]]+):\d{1,5})$/;

function readEndpoints(value: unknown, path: readonly (string | number)[]): readonly string[] {
  const written = typeof value === "string" ? [value] : value;
  if (!Array.isArray(written) || written.length === 0) {
    throw new EntryError(path, `expected one endpoint or more, was ${shown(value)}`);
  }
  return written.map((each: unknown) => {
    if (typeof each !== "string" || !address.test(each)) {
      throw new EntryError(path, `expected host:port or scheme://host:port, was ${shown(each)}`);
    }
    return each.includes("://") ? each : `grpc://${each}`;
  });
}

/** As `newInstanceId()` makes them, but the same for the same. */
function stableId(service: string, endpoints: readonly string[]): string {
  const digest = createHash("sha256")
    .update([service, ...endpoints].join("\n"))
    .digest("hex");
  return `${service}-${digest.slice(0, 12)}`;
}

function mapping(value: unknown, path: readonly (string | number)[], expected: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new EntryError(path, `expected ${expected}, was ${shown(value)}`);
}

function list(value: unknown, path: readonly (string | number)[], expected: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new EntryError(path, `expected ${expected}, was ${shown(value)}`);
}

function text(value: unknown, path: readonly (string | number)[]): string {
  if (typeof value === "string") return value;
  throw new EntryError(
    path,
    `expected text, was ${shown(value)}${typeof value === "number" ? "; put it in quotes" : ""}`,
  );
}

function texts(value: unknown, path: readonly (string | number)[]): readonly string[] {
  return list(value, path, "a list of texts").map((each, index) => text(each, [...path, index]));
}

function labels(value: unknown, path: readonly (string | number)[]): Instance["metadata"] {
  const entries = Object.entries(mapping(value, path, "a mapping of texts"));
  return Object.fromEntries(entries.map(([key, each]) => [key, text(each, [...path, key])]));
}

function moment(value: unknown, path: readonly (string | number)[]): Date {
  const date = value instanceof Date ? value : new Date(value === undefined ? 0 : String(value));
  if (!Number.isNaN(date.getTime())) return date;
  throw new EntryError(path, `expected a moment as 2026-02-03T04:05:06Z, was ${shown(value)}`);
}

function at<T>(path: readonly (string | number)[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new EntryError(path, (error as Error).message);
  }
}

function quoted(value: string): string {
  return JSON.stringify(value);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "a mapping" : (JSON.stringify(value) ?? typeof value);
}
