import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { sleep } from "../../time/time.js";
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
  #asked: readonly Promise<Registration>[] = [];
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

  /** It is on its way out, or gone. */
  get closing(): boolean {
    return this.#closing;
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

  /** Resolves once one has it, and the others have had their chance. @throws where all refuse, or none has it in time */
  async register(options: Required<RegisterOptions>): Promise<void> {
    const { timeoutMs, wait } = options;
    this.#asked = this.#registries.map((registry) => this.#registerIn(registry, options));
    const over = new AbortController();
    const answers = wait ? this.#registeredWithin(timeoutMs, over.signal) : this.#asked;
    try {
      await this.#enough<unknown>(answers, "could not be registered", this.#registries);
    } finally {
      over.abort();
    }
    for (const [index, asked] of this.#asked.entries()) void this.#report(this.#registries[index] as Registry, asked);
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
    try {
      await Promise.all([...this.#held.values()].map((each) => each.close()));
      await Promise.allSettled(this.#asked);
    } finally {
      this.#status.become("closed");
      this.#onClosed();
    }
  }

  /** Not waited for there: what is still tried has to be at hand, to be updated and closed. */
  async #registerIn(registry: Registry, options: RegisterOptions): Promise<Registration> {
    const instance = this.#instance;
    const registration = await registry.register(instance, { ...options, wait: false });
    if (this.#closing) {
      await registration.close();
      throw registrationClosedError(registry.name, instance.id);
    }
    this.#held.set(registry, registration);
    registration.onState(() => this.#review());
    this.#review();
    // What cannot be said now will be by the registry itself.
    if (this.#instance !== instance) registration.update(this.#instance).catch(() => {});
    return registration;
  }

  #registeredWithin(timeoutMs: number, signal: AbortSignal): readonly Promise<void>[] {
    const late = sleep(this.#options.clock, timeoutMs, signal);
    return this.#asked.map(async (asked, index) => {
      const { name } = this.#registries[index] as Registry;
      const error = new RpcError(Code.UNAVAILABLE, `${name}: not within ${timeoutMs} ms, and the log says why`);
      await Promise.race([
        asked.then((registration) => registered(registration, name, this.#instance.id)),
        late.then(() => Promise.reject(error)),
      ]);
    });
  }

  /** What came of a registry that was not waited for. */
  async #report(registry: Registry, asked: Promise<Registration>): Promise<void> {
    const { logger } = this.#options;
    const instance = this.#instance.id;
    try {
      const { state } = await asked;
      if (state !== "registering" || this.#status.state !== "registered") return;
      logger.warn({ instance }, `not registered in ${registry.name} yet, and tried on; another registry has it`);
    } catch (refusal) {
      if (this.#closing) return;
      logger.error({ instance }, `never registered in ${registry.name}: ${reasonOf(refusal, registry.name)}`);
    }
  }

  #review(): void {
    if (this.#closing) return;
    const states = [...this.#held.values()].map(({ state }) => state);
    if (states.includes("registered")) this.#status.become("registered");
    else if (this.#status.state === "registered") this.#status.become("lost");
  }

  async #enough<T>(attempts: readonly Promise<T>[], what: string, registries: readonly Registry[]): Promise<void> {
    const { name, clock, graceMs } = this.#options;
    try {
      await enough(attempts, clock, graceMs);
    } catch (failure) {
      const names = registries.map((each) => each.name);
      throw allFailed(name, `"${this.#instance.id}" ${what}`, names, failure);
    }
  }
}

/** Resolves once it is registered. @throws RpcError FAILED_PRECONDITION where it is closed before */
function registered(registration: Registration, registryName: string, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (state: RegistrationState): void => {
      if (state === "registered") resolve();
      if (state === "closed") reject(registrationClosedError(registryName, id));
    };
    look(registration.state);
    registration.onState(look);
  });
}
