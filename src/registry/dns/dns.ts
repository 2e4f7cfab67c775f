import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { closedError, notRegisteredHereError } from "../failures.js";
import type { Registration, Registry, RegistryCapabilities, ServiceSummary, Snapshot, Watch } from "../registry.js";
import { Watchers } from "../watchers.js";
import { addressLookup, type Lookup, serviceLookup } from "./lookup.js";
import { type DnsRegistryOptions, type ResolvedDnsOptions, resolveDnsOptions } from "./options.js";
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
  return new DnsRegistry(resolveDnsOptions(options));
}

class DnsRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: false, lease: false, watch: "poll" };
  readonly #options: ResolvedDnsOptions;
  readonly #watchers: Watchers;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedDnsOptions) {
    const { name, logger, clock, monitor, settleMs } = options;
    this.name = name;
    this.#options = options;
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs,
      follow: (feed) => {
        const refresh = new Refresh(feed, this.#lookup(feed.service), options);
        refresh.start();
        return () => refresh.close();
      },
    });
  }

  async register(_instance: Instance): Promise<Registration> {
    if (this.#closed !== undefined) throw closedError(this.name);
    throw notRegisteredHereError(this.name, "whoever keeps the zone");
  }

  /** @throws TypeError for a service whose name cannot be one in DNS */
  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    this.#lookup(service);
    return this.#watchers.watch(service, onSnapshot);
  }

  /** @throws RpcError UNIMPLEMENTED always: a name server answers for a name, and does not say which there are */
  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    const message = `${this.name}: name servers do not say which names they know; ask for a service by its name`;
    throw new RpcError(Code.UNIMPLEMENTED, message);
  }

  close(): Promise<void> {
    this.#closed ??= this.#watchers.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #lookup(service: string): Lookup {
    const { port } = this.#options;
    return port === undefined ? serviceLookup(service, this.#options) : addressLookup(service, port, this.#options);
  }
}
