import type { Instance } from "../../contract/contract.js";
import type { RpcError } from "../../errors/errors.js";
import { closedError, reasonOf, registeredTwiceError } from "../failures.js";
import type { EtcdApi } from "./api.js";
import type { Keys } from "./layout.js";
import { EtcdLease, type LeaseHolder } from "./lease.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { EtcdRegistration, type RegistrationOwner } from "./registration.js";

/** Everything one registry has registered, under one lease; there is no lease while there is nothing. */
export class EtcdRegistrar implements LeaseHolder, RegistrationOwner {
  readonly #connection: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #keys: Keys;
  readonly #byId = new Map<string, EtcdRegistration>();
  /** Those that want the lease. */
  readonly #active = new Set<EtcdRegistration>();
  readonly #ending = new Set<Promise<void>>();
  #lease: EtcdLease | undefined;
  #closed = false;

  constructor(connection: EtcdApi, options: ResolvedEtcdOptions, keys: Keys) {
    this.#connection = connection;
    this.#options = options;
    this.#keys = keys;
  }

  async register(instance: Instance, timeoutMs: number): Promise<EtcdRegistration> {
    const { id } = instance;
    const context = { connection: this.#connection, options: this.#options, keys: this.#keys, owner: this };
    const registration = new EtcdRegistration(instance, context);
    if (this.#closed) throw closedError(this.#options.name);
    if (this.#byId.has(id)) throw registeredTwiceError(this.#options.name, id);
    this.#byId.set(id, registration);
    this.#begin(registration);
    try {
      await registration.publication.registered(timeoutMs);
    } catch (error) {
      this.#byId.delete(id);
      this.#endLater(registration.close());
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

  leaseGone(leaseId: string): void {
    this.#lease?.abandon(leaseId, "etcd does not know it");
  }

  async remove(registration: EtcdRegistration): Promise<void> {
    const { id } = registration.publication.instance;
    const wasActive = this.#active.delete(registration);
    if (wasActive && this.#active.size === 0) await this.#releaseLease();
    else if (wasActive) await this.#delete(registration);
    if (this.#byId.get(id) === registration) this.#byId.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const active = [...this.#active];
    this.#active.clear();
    await Promise.all(active.map((registration) => registration.stop()));
    await this.#releaseLease();
    await Promise.all(this.#ending);
  }

  #begin(registration: EtcdRegistration): void {
    this.#active.add(registration);
    if (this.#lease === undefined) {
      this.#lease = new EtcdLease(this.#connection, this.#options, this);
      this.#lease.start();
    }
    const { id } = this.#lease;
    if (id !== undefined) registration.granted(id);
    registration.start();
  }

  /** Revoking takes out every key at once. */
  async #releaseLease(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.close();
  }

  /** Only a key under our own lease: who took it over keeps it. Where that fails the lease must not keep the key alive. */
  async #delete({ key }: EtcdRegistration): Promise<void> {
    const lease = this.#lease?.id;
    if (lease === undefined) return;
    try {
      await this.#connection.txn({
        compare: [{ key, target: "Lease", result: "Equal", lease }],
        success: [{ request_delete_range: { key } }],
      });
    } catch (error) {
      this.#lease?.abandon(lease, `a closed registration could not be deleted: ${reasonOf(error, this.#options.name)}`);
    }
  }

  #endLater(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}
