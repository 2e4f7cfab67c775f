import { setMaxListeners } from "node:events";
import type { Instance } from "../../contract/contract.js";
import { sleep } from "../../time/time.js";
import { closedError, notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import { InstanceTable } from "../instance-table.js";
import type { Kept } from "../kept-registration.js";
import { Registrations } from "../registrations.js";
import type {
  RegisterOptions,
  Registration,
  Registry,
  RegistryCapabilities,
  ServiceSummary,
  Snapshot,
  Watch,
} from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { withoutEvents } from "../without-events.js";
import { Browser } from "./browser.js";
import { Inquiry } from "./inquiry.js";
import { MdnsKeeper } from "./keeper.js";
import { Link } from "./link.js";
import { instanceName, sameName, serviceType } from "./names.js";
import { Neighbours } from "./neighbours.js";
import { type MdnsRegistryOptions, mdnsHint, type ResolvedMdnsOptions, resolveMdnsOptions } from "./options.js";
import { placeOf, recordsOf } from "./records.js";
import { Responder } from "./responder.js";

export type { MdnsRegistryOptions } from "./options.js";

/**
 * A registry without a server: whoever is on the same LAN, by multicast DNS (RFC 6762, 6763). For laptops and small
 * networks one trusts: anybody there can say anything, which `allowNetworks()` narrows. Needs the package `multicast-dns`,
 * which is loaded at first use.
 *
 * An instance is registered when its first announcement was sent, which is all one can know. It is announced every third of
 * the TTL, and forgotten by others when they have not heard of it for a TTL and it does not answer. Two with the same id: the
 * later to speak counts. An instance is one message of 1 300 bytes; contracts that do not fit are left out, with a line in
 * the log, and for the rest `register()` throws a TypeError.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function mdnsRegistry(options: MdnsRegistryOptions = {}): Registry {
  return new MdnsRegistry(resolveMdnsOptions(options));
}

class MdnsRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: true, lease: true, watch: "push" };
  readonly #options: ResolvedMdnsOptions;
  readonly #table = new InstanceTable();
  readonly #link: Link;
  readonly #neighbours: Neighbours;
  readonly #inquiry: Inquiry;
  readonly #responder: Responder;
  readonly #registrations: Registrations<MdnsKeeper>;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  #warnedOfLoopback = false;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedMdnsOptions) {
    this.name = options.name;
    this.#options = options;
    setMaxListeners(0, this.#closing.signal); // any number of lists may be under way, and each hears of it
    this.#link = new Link(options, {
      query: (packet, from) => this.#responder.hear(packet, from),
      response: (packet, from) => this.#neighbours.hear(packet, from),
      back: () => this.#neighbours.back(),
    });
    this.#inquiry = new Inquiry(this.#link, options);
    this.#responder = new Responder(this.#link, options, () => this.#announced());
    this.#neighbours = new Neighbours(this.#table, {
      ...options,
      own: (name) => this.#own(name)?.publication.instance,
      ask: (name) => this.#inquiry.ask(name),
      deny: (name) => this.#own(name)?.sayAgain(),
      away: () => this.#link.away,
    });
    this.#registrations = new Registrations({
      ...options,
      registryName: options.name,
      hint: mdnsHint,
      check: (instance) => void recordsOf(instance, options.ttlMs / 1_000),
      keep: (kept) => this.#keep(kept),
    });
    this.#watchers = new Watchers({
      registryName: options.name,
      clock: options.clock,
      logger: options.logger,
      monitor: withoutEvents(options.monitor, "confirmed"), // on a LAN nobody answers for all
      settleMs: options.ttlMs,
      follow: followBy((feed) => new Browser(feed, this.#link, this.#table, options)),
    });
  }

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#registrations.register(instance, options);
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      await this.#link.query([{ name: serviceType, type: "PTR" }]);
    } catch (cause) {
      throw notListedError(this.name, cause, mdnsHint);
    }
    await sleep(this.#options.clock, this.#options.browseMs, this.#closing.signal);
    return summarize(this.#table.all());
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#registrations.close(), this.#watchers.close()]);
    this.#inquiry.close();
    this.#responder.close();
    this.#neighbours.close();
    await this.#link.close();
  }

  #keep(kept: Kept): MdnsKeeper {
    this.#warnOfLoopback(kept.publication.instance);
    return new MdnsKeeper(kept, {
      link: this.#link,
      table: this.#table,
      options: this.#options,
      onLeft: (instance) => this.#neighbours.ownLeft(instance),
    });
  }

  *#announced() {
    for (const { announced } of this.#registrations) if (announced !== undefined) yield announced;
  }

  #own(name: string): MdnsKeeper | undefined {
    for (const keeper of this.#registrations) {
      if (sameName(instanceName(keeper.publication.instance.id), name)) return keeper;
    }
    return undefined;
  }

  #warnOfLoopback({ id, endpoints }: Instance): void {
    const places = endpoints.flatMap((endpoint) => placeOf(endpoint) ?? []);
    const alone = places.some(({ host }) => loopback.test(host));
    if (!alone || this.#warnedOfLoopback || loopback.test(this.#options.interface ?? "")) return;
    this.#warnedOfLoopback = true;
    const message =
      "announced to the LAN at an address that only this machine can reach; let its server listen on 0.0.0.0";
    this.#options.logger.warn({ instance: id, endpoints: endpoints.join(", ") }, message);
  }
}

const loopback = /^(127\.|::1$|localhost$)/;
