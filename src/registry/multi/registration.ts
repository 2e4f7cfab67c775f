import type { Instance } from "../../contract/contract.js";
import { reasonOf, registrationClosedError } from "../failures.js";
import { copyUpdate } from "../instance-message.js";
import { RegistrationStatus } from "../registration-status.js";
import type { RegisterOptions, Registration, RegistrationState, Registry } from "../registry.js";
import { allFailed, enough } from "./enough.js";
import type { ResolvedMultiOptions } from "./options.js";

/** One instance in several registries. One of them is enough; the others are tried for ever. */
export class MultiRegistration implements Registration {
  readonly #registries: readonly Registry[];
  readonly #options: ResolvedMultiOptions;
  readonly #status: RegistrationStatus;
  readonly #onClosed: () => void;
  readonly #held = new Map<Registry, Registration>();
  readonly #trying = new Set<Promise<void>>();
  #instance: Instance;
  #closing = false;
  #closed: Promise<void> | undefined;

  constructor(
    instance: Instance,
    registries: readonly Registry[],
    options: ResolvedMultiOptions,
    onClosed: () => void,
  ) {
    const { service, id } = instance;
    this.#instance = instance;
    this.#registries = registries;
    this.#options = options;
    this.#status = new RegistrationStatus({ service, id, ...options });
    this.#onClosed = onClosed;
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
  }

  /** Resolves once one has it, and the others have had their chance. @throws where all refuse, or none answers in time */
  async register(options: RegisterOptions): Promise<void> {
    const attempts = this.#registries.map((registry) => this.#registerIn(registry, options));
    const first = Promise.any(attempts);
    for (const [index, attempt] of attempts.entries()) {
      this.#track(attempt.catch((error: unknown) => this.#tryLater(this.#registries[index] as Registry, error, first)));
    }
    await this.#enough(attempts, "could not be registered", this.#registries);
  }

  async update(instance: Instance): Promise<void> {
    if (this.#closing) throw registrationClosedError(this.#options.name, this.#instance.id);
    this.#instance = copyUpdate(this.#instance, instance);
    const updates = [...this.#held.values()].map((each) => each.update(this.#instance));
    await this.#enough(updates, "could not be updated now and will be as soon as possible", [...this.#held.keys()]);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#held.values()].map((each) => each.close()));
    await Promise.all(this.#trying);
    this.#status.become("closed");
    this.#onClosed();
  }

  async #registerIn(registry: Registry, options: RegisterOptions): Promise<void> {
    const instance = this.#instance;
    const registration = await registry.register(instance, options);
    if (this.#closing) return await registration.close();
    this.#held.set(registry, registration);
    registration.onState(() => this.#review());
    this.#review();
    // What cannot be said now will be by the registry itself.
    if (this.#instance !== instance) await registration.update(this.#instance).catch(() => {});
  }

  /** Where another registry has it, this one gets it as soon as it can; where none has, everything ends. */
  async #tryLater(registry: Registry, error: unknown, first: Promise<void>): Promise<void> {
    const { logger } = this.#options;
    const instance = this.#instance.id;
    try {
      await first;
    } catch {
      return;
    }
    if (this.#closing) return;
    const reason = reasonOf(error, registry.name);
    logger.warn(
      { instance },
      `not registered in ${registry.name} yet, and tried on (${reason}); another registry has it`,
    );
    try {
      await this.#registerIn(registry, { wait: false });
    } catch (refusal) {
      logger.error({ instance }, `never registered in ${registry.name}: ${reasonOf(refusal, registry.name)}`);
    }
  }

  #review(): void {
    if (this.#closing) return;
    const states = [...this.#held.values()].map(({ state }) => state);
    if (states.includes("registered")) this.#status.become("registered");
    else if (this.#status.state === "registered") this.#status.become("lost");
  }

  async #enough(attempts: readonly Promise<void>[], what: string, registries: readonly Registry[]): Promise<void> {
    const { name, clock, graceMs } = this.#options;
    try {
      await enough(attempts, clock, graceMs);
    } catch (failure) {
      const names = registries.map((each) => each.name);
      throw allFailed(name, `"${this.#instance.id}" ${what}`, names, failure);
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#trying.delete(tracked));
    this.#trying.add(tracked);
  }
}
