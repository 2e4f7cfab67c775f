import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { type Logger, silentLogger } from "../contract/contract.js";
import { LeftOut } from "./left-out.js";
import type { Registry, Snapshot } from "./registry.js";
import { wrapped } from "./wrapped.js";

export interface AllowNetworksOptions {
  /** Is told, once, of whoever is left out, of ten by name. Default: says nothing. */
  readonly logger?: Logger;
}

/**
 * The same registry, seen through a list of networks: who can write to a registry can send callers anywhere, and here they
 * go nowhere else. Endpoints elsewhere are not there, and an instance that has no other is not there either.
 *
 * - `10.0.0.0/8`, `fd00::/8`, or one address. `::ffff:10.0.0.1` and `10.0.0.1` are the same address.
 * - A host name may be listed as it is, and is believed. Any other is left out: what it means is not known before the call.
 * - `memory://` and `…+unix://` pass: they leave no machine. An endpoint that cannot be read does not.
 *
 * It is what watchers see; `register()` takes every instance, and `list()`, which knows no endpoints, counts them all. The
 * registry is given away: closing the one closes the other.
 *
 * @throws TypeError without a network; RangeError for what is none
 */
export function allowNetworks(
  registry: Registry,
  networks: readonly string[],
  options: AllowNetworksOptions = {},
): Registry {
  const { logger = silentLogger } = options;
  const filter = new InstanceFilter(allowlist(networks), logger.child({ registry: registry.name }));
  return wrapped(registry, {
    watch(service, onSnapshot) {
      let told: Snapshot | undefined;
      const watch = registry.watch(service, (snapshot) => {
        const allowed = filter.allowed(snapshot);
        if (isDeepStrictEqual(allowed, told)) return;
        told = allowed;
        onSnapshot(allowed);
      });
      const forget = filter.watched(service);
      const close = () => {
        forget();
        return watch.close();
      };
      return { close, [Symbol.asyncDispose]: close };
    },
  });
}

interface Watched {
  readonly leftOut: LeftOut;
  watches: number;
}

class InstanceFilter {
  readonly #allows: (endpoint: string) => boolean;
  readonly #logger: Logger;
  readonly #watched = new Map<string, Watched>();

  constructor(allows: (endpoint: string) => boolean, logger: Logger) {
    this.#allows = allows;
    this.#logger = logger;
  }

  /** Somebody watches the service. Returns what ends that. */
  watched(service: string): () => void {
    const watched = this.#watched.get(service) ?? { leftOut: new LeftOut(this.#logger, { service }), watches: 0 };
    this.#watched.set(service, watched);
    watched.watches += 1;
    let over = false;
    return () => {
      watched.watches -= over ? 0 : 1;
      over = true;
      if (watched.watches === 0 && this.#watched.get(service) === watched) this.#watched.delete(service);
    };
  }

  allowed(snapshot: Snapshot): Snapshot {
    const reasons: string[] = [];
    const instances = snapshot.instances.flatMap((instance) => {
      const endpoints = instance.endpoints.filter(this.#allows);
      if (endpoints.length === instance.endpoints.length) return [instance];
      const outside = instance.endpoints.filter((each) => !endpoints.includes(each));
      reasons.push(`${instance.id}: in no allowed network: ${outside.join(", ")}`);
      return endpoints.length === 0 ? [] : [{ ...instance, endpoints }];
    });
    this.#watched.get(snapshot.service)?.leftOut.report(reasons);
    return { ...snapshot, instances };
  }
}

/** @throws TypeError or RangeError where the list makes no sense */
function allowlist(networks: readonly string[]): (endpoint: string) => boolean {
  if (!Array.isArray(networks) || networks.length === 0) {
    throw new TypeError(
      "allowNetworks: networks is empty, so nobody could be called; give at least one, e.g. 10.0.0.0/8",
    );
  }
  // One a family: a list that holds ::/0 would hold all of IPv4 too.
  const addresses = { 4: new BlockList(), 6: new BlockList() };
  const names = new Set<string>();
  for (const network of networks) {
    if (hostName.test(network) && !looksLikeAddress.test(network)) names.add(network.toLowerCase());
    else addNetwork(addresses, network);
  }
  return (endpoint) => {
    if (local.test(endpoint)) return true;
    const { v6, name } = remote.exec(endpoint)?.groups ?? {};
    const host = v6 ?? name;
    if (host === undefined) return false;
    const address = plain(host);
    if (isIPv4(address)) return addresses[4].check(address);
    if (isIPv6(address)) return addresses[6].check(address, "ipv6");
    return names.has(host.toLowerCase());
  };
}

const local = /^(memory|[a-z][a-z0-9.-]*\+unix):\/\/./;
const remote = /^[a-z][a-z0-9+.-]*:\/\/(?:\[(?<v6>[^[\]/]+)\]|(?<name>[^:/[\]@?#\s]+))(?::\d{1,5})?(?:\/.*)?$/;
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
/** `10.0.0.256` and `0x7f.1` are misspelt, or disguised, and not names. */
const looksLikeAddress = /(^|\.)(0x[0-9a-f]*|\d+)$/i;

function addNetwork(addresses: { readonly 4: BlockList; readonly 6: BlockList }, network: string): void {
  const { address = "", bits } = /^(?<address>[^/]*)(?:\/(?<bits>\d{1,3}))?$/.exec(network)?.groups ?? {};
  const family = address.includes("%") ? 0 : isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (family === 0 || prefix > most) {
    throw new RangeError(
      `allowNetworks: network ${JSON.stringify(network)}; expected one as 10.0.0.0/8 or fd00::/8, an address, or a host name`,
    );
  }
  const canonical = plain(address);
  if (family === 4) addresses[4].addSubnet(address, prefix);
  else if (isIPv4(canonical) && prefix >= 96) addresses[4].addSubnet(canonical, prefix - 96);
  else addresses[6].addSubnet(address, prefix, "ipv6");
}

/** Without a zone, and in IPv4 where it is IPv4 in IPv6's clothes. */
function plain(host: string): string {
  if (!isIPv6(host)) return host; // 10.0.0.1%x.example is a host name, and somebody's
  const address = host.replace(/%.*$/, "");
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const { high, low } = /^::ffff:(?<high>[0-9a-f]{1,4}):(?<low>[0-9a-f]{1,4})$/.exec(canonical)?.groups ?? {};
  if (high === undefined || low === undefined) return canonical;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join(".");
}
