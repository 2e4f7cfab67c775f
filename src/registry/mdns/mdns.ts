import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance } from "../../contract/contract.js";
import { sleep } from "../../time/time.js";
import { closedError, notListedError, registeredTwiceError } from "../failures.js";
import { InstanceTable } from "../instance-table.js";
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
import { Link } from "./link.js";
import { instanceName, sameName, serviceType } from "./names.js";
import { Neighbours } from "./neighbours.js";
import { type MdnsRegistryOptions, mdnsHint, type ResolvedMdnsOptions, resolveMdnsOptions } from "./options.js";
import { placeOf } from "./records.js";
import { MdnsRegistration } from "./registration.js";
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
  readonly #responder: Responder;
  readonly #registrations = new Map<string, MdnsRegistration>();
  readonly #ending = new Set<Promise<void>>();
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  /** What goes on in the background belongs to no call, even where a handler asked for it and its deadline passes. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #warnedOfLoopback = false;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedMdnsOptions) {
    this.name = options.name;
    this.#options = options;
    this.#link = new Link(options, {
      query: (packet, from) => this.#responder.hear(packet, from),
      response: (packet, from) => this.#neighbours.hear(packet, from),
      back: () => this.#neighbours.back(),
    });
    this.#responder = new Responder(this.#link, options, () => this.#announced());
    this.#neighbours = new Neighbours(this.#table, {
      ...options,
      own: (name) => this.#own(name),
      ask: (name) => void this.#link.query([{ name, type: "TXT" }]).catch(() => {}),
      away: () => this.#link.away,
    });
    this.#watchers = new Watchers({
      registryName: options.name,
      clock: options.clock,
      logger: options.logger,
      monitor: withoutEvents(options.monitor, "confirmed"), // on a LAN nobody answers for all
      settleMs: options.ttlMs,
      follow: (feed) => {
        const browser = new Browser(feed, this.#link, this.#table, options);
        browser.start();
        return () => browser.close();
      },
    });
  }

  async register(instance: Instance, options: RegisterOptions = {}): Promise<Registration> {
    const { timeoutMs = 10_000, wait = true } = options;
    const { id } = instance;
    const context = { link: this.#link, table: this.#table, options: this.#options };
    const registration = new MdnsRegistration(instance, context, () => this.#forget(id, registration));
    if (this.#closed !== undefined) throw closedError(this.name);
    if (this.#registrations.has(id)) throw registeredTwiceError(this.name, id);
    this.#registrations.set(id, registration);
    this.#warnOfLoopback(instance);
    this.#outsideCalls(() => registration.start());
    if (!wait) return registration;
    try {
      await registration.publication.registered(timeoutMs);
    } catch (error) {
      this.#forget(id, registration);
      this.#endLater(registration.close());
      throw error;
    }
    return registration;
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#outsideCalls(() => this.#watchers.watch(service, onSnapshot));
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    try {
      await this.#outsideCalls(() => this.#link.query([{ name: serviceType, type: "PTR" }]));
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
    for (const registration of this.#registrations.values()) this.#endLater(registration.close());
    await Promise.all([...this.#ending, this.#watchers.close()]);
    this.#responder.close();
    this.#neighbours.close();
    await this.#link.close();
  }

  *#announced() {
    for (const { announced } of this.#registrations.values()) if (announced !== undefined) yield announced;
  }

  #own(name: string): Instance | undefined {
    for (const [id, { publication }] of this.#registrations) {
      if (sameName(instanceName(id), name)) return publication.instance;
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

  #forget(id: string, registration: MdnsRegistration): void {
    if (this.#registrations.get(id) !== registration) return;
    this.#registrations.delete(id);
    this.#neighbours.ownLeft(registration.publication.instance);
  }

  #endLater(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

const loopback = /^(127\.|::1$|localhost$)/;
