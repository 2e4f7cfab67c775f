import type { Instance } from "../../../contract/contract.js";
import type { RpcError } from "../../../errors/errors.js";
import { reasonOf } from "../../failures.js";
import { Registrations } from "../../registrations.js";
import type { RegisterOptions, Registration } from "../../registry.js";
import { etcdHint } from "../connection/failures.js";
import { EtcdLease, type LeaseHolder } from "../lease/lease.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { closeMs, within } from "../patience.js";
import { EtcdKeeper, type KeeperContext, type KeeperOwner } from "./keeper.js";

/** Everything one registry has registered, under one lease; there is no lease while there is nothing. */
export class EtcdRegistrar implements LeaseHolder, KeeperOwner {
  readonly #context: KeeperContext;
  readonly #registrations: Registrations;
  /** Those that want the lease. */
  readonly #active = new Set<EtcdKeeper>();
  /** Those that have left and are being taken out, by id. */
  readonly #leaving = new Map<string, Promise<void>>();
  #lease: EtcdLease | undefined;

  constructor(context: KeeperContext) {
    const { options } = context;
    this.#context = context;
    this.#registrations = new Registrations({
      registryName: options.name,
      hint: etcdHint,
      clock: options.clock,
      logger: options.logger,
      monitor: options.monitor,
      check: (instance) => checkEncodable(instance, options),
      keep: (kept) => new EtcdKeeper(kept, context, this),
    });
  }

  register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    return this.#registrations.register(instance, options);
  }

  enter(keeper: EtcdKeeper): void {
    this.#active.add(keeper);
    if (this.#lease === undefined) {
      this.#lease = new EtcdLease(this.#context.api, this.#context.options, this);
      this.#lease.start();
    }
    const { trusted } = this.#lease;
    if (trusted !== undefined) keeper.granted(trusted);
    const earlier = this.#leaving.get(keeper.id);
    if (earlier === undefined) keeper.run();
    else void earlier.then(() => keeper.run());
  }

  async leave(keeper: EtcdKeeper): Promise<void> {
    const { id } = keeper;
    this.#active.delete(keeper);
    const earlier = this.#leaving.get(id);
    const leaving = Promise.all([earlier, keeper.stop().then(() => this.#remove(keeper))]).then(() => {
      if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
    });
    this.#leaving.set(id, leaving);
    await within(this.#context.options.clock, closeMs, leaving);
  }

  granted(leaseId: string): void {
    for (const keeper of this.#active) keeper.granted(leaseId);
  }

  lost(leaseId: string): void {
    for (const keeper of this.#active) keeper.lost(leaseId);
  }

  failed(error: RpcError): void {
    for (const keeper of this.#active) keeper.failed(error);
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
    if ([...this.#active].every((keeper) => keeper.isSettled(lease.id))) lease.settled();
  }

  /** Revoking the lease takes out every key at once, and lets no put that is under way come after. */
  close(): Promise<void> {
    return this.#registrations.close(() => this.#end());
  }

  async #end(): Promise<void> {
    const stopping = [...this.#active].map((keeper) => keeper.stop());
    this.#active.clear();
    const all = Promise.all([this.#releaseLease(), ...stopping, ...this.#leaving.values()]);
    await within(this.#context.options.clock, closeMs, all);
  }

  async #releaseLease(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.close();
  }

  /** A lease that may hold, or may yet be given, a key that nobody wants must not live on: the others get another. */
  async #remove(keeper: EtcdKeeper): Promise<void> {
    const { name } = this.#context.options;
    if (this.#active.size === 0) return await this.#releaseLease();
    const lease = this.#lease;
    const leaseId = lease?.id;
    if (lease === undefined || leaseId === undefined) return;
    const { key } = keeper;
    if (key.unanswered) return lease.replace(leaseId, `etcd has not answered whether it put ${key.name}`);
    try {
      await key.drop(leaseId);
      // It may be under a replaced lease still, and the last for which that was kept.
      this.settled();
    } catch (error) {
      lease.replace(leaseId, `${key.name} could not be deleted: ${reasonOf(error, name)}`);
    }
  }
}

/** @throws TypeError for what the layout cannot say; RangeError for what every reader would leave out as too long */
function checkEncodable(instance: Instance, { name, keys, maxValueBytes }: ResolvedEtcdOptions): void {
  const { length } = keys.encode(instance);
  if (length <= maxValueBytes) return;
  throw new RangeError(
    `${name}: instance "${instance.id}" takes ${length} bytes, and ${maxValueBytes} are allowed (maxValueBytes); is its metadata too long?`,
  );
}
