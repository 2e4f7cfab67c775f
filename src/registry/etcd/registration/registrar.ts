import type { Instance } from "../../../contract/contract.js";
import type { RpcError } from "../../../errors/errors.js";
import { closedError, reasonOf, registeredTwiceError } from "../../failures.js";
import type { RegisterOptions } from "../../registry.js";
import { EtcdLease, type LeaseHolder } from "../lease/lease.js";
import { closeMs, within } from "../patience.js";
import { dropKey } from "./own-key.js";
import { EtcdRegistration, type RegistrationOwner } from "./registration.js";
import type { RegistrationContext } from "./registration-context.js";

/** Everything one registry has registered, under one lease; there is no lease while there is nothing. */
export class EtcdRegistrar implements LeaseHolder, RegistrationOwner {
  readonly #context: RegistrationContext;
  readonly #byId = new Map<string, EtcdRegistration>();
  /** Those that want the lease. */
  readonly #active = new Set<EtcdRegistration>();
  /** Those that have left and are being taken out, by id. */
  readonly #leaving = new Map<string, Promise<void>>();
  #lease: EtcdLease | undefined;
  #closed: Promise<void> | undefined;

  constructor(context: RegistrationContext) {
    this.#context = context;
  }

  async register(instance: Instance, options: RegisterOptions = {}): Promise<EtcdRegistration> {
    const { timeoutMs = 10_000, wait = true } = options;
    const { id } = instance;
    const { name } = this.#context.options;
    const registration = new EtcdRegistration(instance, this.#context, this);
    if (this.#closed !== undefined) throw closedError(name);
    if (this.#byId.has(id)) throw registeredTwiceError(name, id);
    this.#byId.set(id, registration);
    this.#begin(registration);
    if (!wait) return registration;
    try {
      await registration.publication.registered(timeoutMs);
    } catch (error) {
      this.#byId.delete(id);
      void registration.close();
      throw error;
    }
    return registration;
  }

  granted(leaseId: string): void {
    for (const registration of this.#active) registration.granted(leaseId);
  }

  lost(leaseId: string): void {
    for (const registration of this.#active) registration.lost(leaseId);
  }

  failed(error: RpcError): void {
    for (const { publication } of this.#active) publication.fail(error);
  }

  ours(leaseId: string): boolean {
    return this.#lease?.owns(leaseId) ?? false;
  }

  leaseGone(leaseId: string): void {
    this.#lease?.gone(leaseId);
  }

  settled(): void {
    const lease = this.#lease;
    if (lease === undefined || !lease.hasReplaced) return;
    if ([...this.#active].every((registration) => registration.isSettled(lease.id))) lease.settled();
  }

  async leave(registration: EtcdRegistration): Promise<void> {
    const { id } = registration.publication.instance;
    this.#active.delete(registration);
    const earlier = this.#leaving.get(id);
    const leaving = Promise.all([earlier, registration.stop().then(() => this.#remove(registration))]).then(() => {
      if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
    });
    this.#leaving.set(id, leaving);
    await within(this.#context.options.clock, closeMs, leaving);
    if (this.#byId.get(id) === registration) this.#byId.delete(id);
  }

  /** Revoking the lease takes out every key at once, and lets no put that is under way come after. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const stopping = [...this.#byId.values()].map((registration) => registration.stop());
    this.#active.clear();
    const all = Promise.all([this.#releaseLease(), ...stopping, ...this.#leaving.values()]);
    await within(this.#context.options.clock, closeMs, all);
  }

  #begin(registration: EtcdRegistration): void {
    this.#active.add(registration);
    if (this.#lease === undefined) {
      this.#lease = new EtcdLease(this.#context.api, this.#context.options, this);
      this.#lease.start();
    }
    const { trusted } = this.#lease;
    if (trusted !== undefined) registration.granted(trusted);
    const earlier = this.#leaving.get(registration.publication.instance.id);
    if (earlier === undefined) registration.start();
    else void earlier.then(() => registration.start());
  }

  async #releaseLease(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.close();
  }

  /** A lease that may hold, or may yet be given, a key that nobody wants must not live on: the others get another. */
  async #remove(registration: EtcdRegistration): Promise<void> {
    const { api, options } = this.#context;
    if (this.#active.size === 0) return await this.#releaseLease();
    const lease = this.#lease;
    const leaseId = lease?.id;
    if (lease === undefined || leaseId === undefined) return;
    if (registration.unanswered)
      return lease.replace(leaseId, `etcd has not answered whether it put ${registration.key}`);
    try {
      await dropKey(api, registration.key, leaseId);
    } catch (error) {
      lease.replace(leaseId, `${registration.key} could not be deleted: ${reasonOf(error, options.name)}`);
    }
  }
}
