import { Code, RpcError } from "../../errors/errors.js";
import { assembleRegistry } from "../assemble-registry.js";
import { followBy } from "../follow-by.js";
import type { Registry } from "../registry.js";
import { Watchers } from "../watchers.js";
import { addressLookup, type Lookup, serviceLookup } from "./lookup.js";
import { type DnsRegistryOptions, resolveDnsOptions } from "./options.js";
import { Refresh } from "./refresh.js";

export type { DnsRegistryOptions } from "./options.js";

/**
 * Who is alive by what name servers say: SRV records, or the addresses of a name and one port for all of them. They are
 * asked again whenever an answer has expired, by the shortest time to live among the addresses (Node does not tell that
 * of SRV records), at least every `maxRefreshMs`. An SRV record's weight is the instance's, where 0 counts as 1.
 *
 * What cannot be learned leaves what is known, marked stale; that nobody is there is believed when it is said twice.
 * Names are whole: search domains of the system are not added.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function dnsRegistry(options: DnsRegistryOptions = {}): Registry {
  const resolved = resolveDnsOptions(options);
  const { name, port, logger, clock, monitor, settleMs } = resolved;
  /** @throws TypeError for a service whose name cannot be one in DNS */
  const lookup = (service: string): Lookup =>
    port === undefined ? serviceLookup(service, resolved) : addressLookup(service, port, resolved);
  const watchers = new Watchers({
    registryName: name,
    logger,
    clock,
    monitor,
    settleMs,
    follow: followBy((feed) => new Refresh(feed, lookup(feed.service), resolved)),
  });
  return assembleRegistry({
    name,
    capabilities: { register: false, lease: false, watch: "poll" },
    registrar: "whoever keeps the zone",
    watchers,
    checkService: (service) => void lookup(service),
    async list() {
      const message = `${name}: name servers do not say which names they know; ask for a service by its name`;
      throw new RpcError(Code.UNIMPLEMENTED, message);
    },
    end: () => watchers.close(),
  });
}
