import type { Instance } from "../../contract/contract.js";
import { authority, byFamily } from "../authority.js";
import { copyInstance } from "../instance-message.js";
import { AddressBook, type Entry } from "./address-book.js";
import type { Address, NameServer, Target } from "./name-server.js";
import type { ResolvedDnsOptions } from "./options.js";
import { questionOf } from "./question.js";

/** Who is behind a name. */
export interface Found {
  readonly instances: readonly Instance[];
  /** What of the answer made no sense. */
  readonly leftOut: readonly string[];
  /** How long that holds, as the name servers say. */
  readonly ttlMs: number;
}

/** Looks a service up, again and again. @throws RpcError UNAVAILABLE where nothing could be learned */
export type Lookup = (server: NameServer) => Promise<Found>;

/** Every address of `<service>.<domain>` is an instance, whose id is address and port. */
export function addressLookup(service: string, port: number, options: ResolvedDnsOptions): Lookup {
  const name = questionOf(service, "{service}.{domain}", options.domain);
  const book = new AddressBook(options.families);
  return async (server) => {
    const { addresses, failure } = await book.lookUp(name, server);
    if (failure !== undefined) throw failure;
    const ids = new Set(addresses.map(({ address }) => authority(address, port)));
    const instances = [...ids].map((id) =>
      instanceOf({ id, service, endpoints: [`${options.scheme}://${id}`], weight: 100 }),
    );
    return { instances, leftOut: [], ttlMs: shortest(addresses) };
  };
}

/** So many hosts are looked up at the same time. */
const abreast = 32;

/**
 * Every SRV record is an instance, whose id is target and port and whose endpoints are the target's addresses. Only the
 * best priority in which somebody has an address counts (RFC 2782).
 */
export function serviceLookup(service: string, options: ResolvedDnsOptions): Lookup {
  const name = questionOf(service, options.srv, options.domain);
  const book = new AddressBook(options.families);
  return async (server) => {
    const targets = (await server.targets(name)).filter(isThere);
    const hosts = [...new Set(targets.map(hostOf))];
    const entries = new Map<string, Entry>();
    for (let next = 0; next < hosts.length; next += abreast) {
      const some = hosts.slice(next, next + abreast);
      const found = await Promise.all(some.map((host) => book.lookUp(host, server)));
      for (const [index, host] of some.entries()) entries.set(host, found[index] as Entry);
    }
    book.keepOnly(new Set(hosts));
    return read(targets, entries, { service, scheme: options.scheme });
  };
}

function read(
  targets: readonly Target[],
  entries: ReadonlyMap<string, Entry>,
  { service, scheme }: { readonly service: string; readonly scheme: string },
): Found {
  const leftOut = [...entries]
    .filter(([, { addresses }]) => addresses.length === 0)
    .map(([host]) => `${host} has no address`);
  const reachable = targets.filter((target) => entries.get(hostOf(target))?.addresses.length);
  const failures = [...entries.values()].flatMap(({ failure }) => failure ?? []);
  const [failure] = failures;
  // Where no address at all could be learned, the names alone are no news.
  if (failure !== undefined && (reachable.length === 0 || failures.length === entries.size)) throw failure;
  const best = Math.min(...reachable.map(({ priority }) => priority));
  const instances = new Map<string, Instance>();
  for (const target of reachable.filter(({ priority }) => priority === best)) {
    const host = hostOf(target);
    const addresses = entries.get(host)?.addresses ?? [];
    const endpoints = new Set(addresses.map(({ address }) => `${scheme}://${authority(address, target.port)}`));
    const weight = Math.max(1, target.weight);
    try {
      const instance = instanceOf({
        id: `${host}:${target.port}`,
        service,
        endpoints: [...endpoints].sort(byFamily),
        weight,
      });
      instances.set(instance.id, instance);
    } catch (error) {
      leftOut.push((error as Error).message);
    }
  }
  const ttlMs = shortest([...entries.values()].flatMap(({ addresses }) => addresses));
  return { instances: [...instances.values()], leftOut, ttlMs };
}

function instanceOf(known: Pick<Instance, "id" | "service" | "endpoints" | "weight">): Instance {
  const unsaid = {
    version: "",
    contracts: [],
    metadata: {},
    zone: "",
    state: "serving",
    startedAt: new Date(0),
  } as const;
  return copyInstance({ ...unsaid, ...known });
}

/** A target "." says that there is no such service. */
function isThere({ name, port }: Target): boolean {
  return name !== "" && name !== "." && port > 0;
}

function hostOf({ name }: Target): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function shortest(addresses: readonly Address[]): number {
  return addresses.length === 0 ? 0 : Math.min(...addresses.map(({ ttlMs }) => ttlMs));
}
