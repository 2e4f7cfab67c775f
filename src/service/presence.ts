import type { Instance, Logger } from "../contract/contract.js";
import type { Registration, Registry } from "../registry/registry.js";
import { unlessAborted } from "./unless-aborted.js";

/** One instance in a registry, from the first word to the last. */
export class Presence {
  readonly #registry: Registry;
  readonly #logger: Logger;
  #instance: Instance | undefined;
  #registration: Registration | undefined;

  constructor(registry: Registry, logger: Logger) {
    this.#registry = registry;
    this.#logger = logger;
  }

  /** As the registry was told last; undefined before it has heard of it. */
  get instance(): Instance | undefined {
    return this.#instance;
  }

  /** Where the signal comes first it fails at once, and takes back what the registry may still do. */
  async enter(instance: Instance, signal: AbortSignal, reason: () => Error): Promise<void> {
    this.#registration = await unlessAborted(signal, reason, async () => {
      const registration = await this.#registry.register(instance);
      if (signal.aborted) await this.#takeBack(registration);
      return registration;
    });
    this.#instance = instance;
  }

  /** Where the registry is away it hears of it once it is back: nobody waits for that. */
  async become(state: Instance["state"]): Promise<void> {
    if (this.#registration === undefined || this.#instance === undefined) return;
    this.#instance = { ...this.#instance, state };
    try {
      await this.#registration.update(this.#instance);
    } catch (err) {
      this.#logger.warn({ err, registry: this.#registry.name }, `could not announce that it is ${state}`);
    }
  }

  async leave(): Promise<void> {
    await this.#registration?.close();
  }

  async #takeBack(registration: Registration): Promise<void> {
    try {
      await registration.close();
    } catch (err) {
      this.#logger.warn({ err, registry: this.#registry.name }, "could not take a late registration back");
    }
  }
}
