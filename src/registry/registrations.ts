import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance, Logger, RegistryMonitor } from "../contract/contract.js";
import type { Clock } from "../time/time.js";
import { closedError, registeredTwiceError } from "./failures.js";
import { type Keeper, type Kept, KeptRegistration } from "./kept-registration.js";
import { Publication } from "./publication.js";
import { resolveRegisterOptions } from "./register-options.js";
import { RegistrationStatus } from "./registration-status.js";
import type { RegisterOptions, Registration } from "./registry.js";

export interface RegistrationsOptions<K extends Keeper> {
  readonly registryName: string;
  /** What a person may do where the backend cannot be reached: `is etcd running?` */
  readonly hint: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
  /** @throws TypeError for what no other registry minds and this backend cannot carry. Default: it carries everything */
  readonly check?: (instance: Instance) => void;
  /** Makes what keeps one instance; it is started later. */
  readonly keep: (kept: Kept) => K;
}

/**
 * Everything that is registered through one registry, by id. Who is refused leaves no trace; and an id that is taken again
 * is kept again once the earlier registration has been taken out altogether.
 */
export class Registrations<K extends Keeper = Keeper> implements Iterable<K> {
  readonly #options: RegistrationsOptions<K>;
  /** The latest of each id, until nothing is left of it. One that came before is closing, and this one waits for it. */
  readonly #byId = new Map<string, KeptRegistration<K>>();
  /** What goes on in the background belongs to no call, even where a handler asked for it and its deadline passes. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #closed = false;

  constructor(options: RegistrationsOptions<K>) {
    this.#options = options;
  }

  /** As `Registry.register()`. */
  async register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    const { registryName } = this.#options;
    const { timeoutMs, wait } = resolveRegisterOptions(registryName, options);
    const publication = new Publication(instance, this.#options);
    const { id } = publication.instance;
    const earlier = this.#byId.get(id);
    if (this.#closed) throw closedError(registryName);
    if (earlier !== undefined && !earlier.closing) throw registeredTwiceError(registryName, id);
    const registration = this.#make(publication);
    this.#byId.set(id, registration);
    registration.start(earlier);
    if (!wait) return registration;
    try {
      await publication.registered(timeoutMs);
    } catch (error) {
      registration.close().catch(() => {}); // the caller hears of what came first
      throw error;
    }
    return registration;
  }

  /** Whatever is not taken out yet. */
  *[Symbol.iterator](): Iterator<K> {
    for (const { keeper } of this.#byId.values()) yield keeper;
  }

  /** @param end takes them all out at once. Default: each keeper does it for its own */
  async close(end?: () => Promise<void>): Promise<void> {
    this.#closed = true;
    const ending = end && this.#outsideCalls(end);
    await Promise.all([...this.#byId.values()].map((each) => each.close(ending && (() => ending))));
    await ending;
  }

  #make(publication: Publication): KeptRegistration<K> {
    const { registryName, clock, logger, monitor, keep } = this.#options;
    const { service, id } = publication.instance;
    const status = new RegistrationStatus({ service, id, clock, logger, monitor });
    const outsideCalls = this.#outsideCalls;
    const registration: KeptRegistration<K> = new KeptRegistration({
      registryName,
      publication,
      status,
      keeper: outsideCalls(() => keep({ publication, status })),
      outsideCalls,
      onClosed: () => {
        if (this.#byId.get(id) === registration) this.#byId.delete(id);
      },
    });
    return registration;
  }
}
