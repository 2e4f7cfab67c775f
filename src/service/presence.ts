import type { Instance, Logger } from "../contract/contract.js";
import type { Registration, RegistrationState, Registry } from "../registry/registry.js";
import type { Health } from "../server/server.js";
import type { Clock } from "../time/time.js";
import { tellOfRegistration } from "./registration-health.js";
import { unlessAborted } from "./unless-aborted.js";

/**
 * By whom others learn of an instance: by its registration; by somebody else, because the registry is a cluster's, a file
 * or a name server; or by nobody, because it stays in this process.
 */
export type KnownBy = "registration" | "others" | "nobody";

/** How an instance stands with its registry. */
export interface RegistrationStanding {
  readonly state: RegistrationState;
  /** When that became so. */
  readonly since: Date;
}

export interface PresenceOptions {
  readonly registry: Registry;
  readonly knownBy: KnownBy;
  /** Whether to enter is to be registered, or to have asked for it. */
  readonly registration: "required" | "eventual";
  /** NOT_SERVING until the instance is registered for the first time, where it is to be. */
  readonly health: Health;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One instance in a registry, from the first word to the last. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #release: () => void;
  #instance: Instance | undefined;
  #registration: Registration | undefined;
  /** Over once the registry has answered, and what it made too late is taken back. */
  #asked: Promise<unknown> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#release = options.health.hold();
  }

  /** As the registry was told last; undefined before it has heard of it. */
  get instance(): Instance | undefined {
    return this.#instance;
  }

  /** Undefined before it is asked for, and where others learn of the instance in another way. */
  get standing(): RegistrationStanding | undefined {
    if (this.#registration === undefined || this.#options.knownBy !== "registration") return undefined;
    const { state, since } = this.#registration;
    return { state, since };
  }

  /** Where the signal comes first it fails at once, and takes back what the registry may still do. */
  async enter(instance: Instance, signal: AbortSignal, reason: () => Error): Promise<void> {
    const { registry, knownBy, logger } = this.#options;
    if (registry.capabilities.register) {
      this.#registration = await unlessAborted(signal, reason, () => {
        const made = this.#register(instance, signal);
        this.#asked = made.catch(() => {}); // whoever waits for the start is told
        return made;
      });
    }
    this.#instance = instance;
    if (knownBy === "others") {
      logger.info({ registry: registry.name }, `not registered by itself: others tell ${registry.name} who is there`);
    }
    if (knownBy === "registration" && this.#registration !== undefined) this.#follow(this.#registration);
    else this.#release();
  }

  /** Where the registry is away it hears of it once it is back: nobody waits for that. */
  async become(state: Instance["state"]): Promise<void> {
    if (this.#instance === undefined) return;
    this.#instance = { ...this.#instance, state };
    const told = this.#tell(this.#instance);
    if (this.#registration?.state === "registered") await told;
  }

  /** Resolves once the registry has nothing of it, nor will have. */
  async leave(): Promise<void> {
    await this.#asked;
    await this.#registration?.close();
  }

  async #register(instance: Instance, signal: AbortSignal): Promise<Registration> {
    const { registry, registration } = this.#options;
    const made = await registry.register(instance, registration === "eventual" ? { wait: false } : {});
    if (signal.aborted) await this.#takeBack(made);
    return made;
  }

  #follow(registration: Registration): void {
    const { registry, health, logger, clock } = this.#options;
    const onRegistered = this.#release;
    tellOfRegistration(registration, { registryName: registry.name, health, logger, clock, onRegistered });
  }

  async #tell(instance: Instance): Promise<void> {
    const { registry, logger } = this.#options;
    try {
      await this.#registration?.update(instance);
    } catch (err) {
      logger.warn({ err, registry: registry.name }, `could not announce that it is ${instance.state}`);
    }
  }

  async #takeBack(registration: Registration): Promise<void> {
    try {
      await registration.close();
    } catch (err) {
      const { registry, logger } = this.#options;
      logger.warn({ err, registry: registry.name }, "could not take a late registration back");
    }
  }
}
