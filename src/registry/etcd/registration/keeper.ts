import { Code, RpcError } from "../../../errors/errors.js";
import type { Keeper, Kept } from "../../kept-registration.js";
import { healthyMs, reconnectBackoff } from "../../reconnect-backoff.js";
import { Upkeep } from "../../upkeep.js";
import { Wakeup } from "../../wakeup.js";
import type { EtcdApi } from "../api.js";
import { isLeaseGone } from "../lease/lease.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { OwnKey, type Watching } from "./own-key.js";

/** What keepers are made with. */
export interface KeeperContext {
  readonly api: EtcdApi;
  readonly options: ResolvedEtcdOptions;
  readonly watching: Watching;
}

/** Who holds the lease that keys are kept under. */
export interface KeeperOwner {
  /** Tells the keeper of the lease from now on, and lets it run once nothing is left of an earlier one of the same id. */
  enter(keeper: EtcdKeeper): void;
  /** Takes it out, in a second at most; what cannot be done by then is done later. */
  leave(keeper: EtcdKeeper): Promise<void>;
  /** Whether keys under the lease are this process's own. */
  ours(leaseId: string): boolean;
  /** The keeper has done what there was to do under the lease of the moment. */
  settled(): void;
  /** etcd does not know the lease any more. */
  leaseGone(leaseId: string): void;
}

/**
 * One key, kept in etcd as it should be: under the lease of the moment, with the latest value. Its own watch says where it
 * is not so any more: where somebody has deleted or changed it by hand it is put back; where another process has taken
 * the id it stays with that one until it leaves, and the registration is lost meanwhile.
 */
export class EtcdKeeper implements Keeper {
  readonly key: OwnKey;
  readonly #kept: Kept;
  readonly #context: KeeperContext;
  readonly #owner: KeeperOwner;
  readonly #upkeep = new Upkeep();
  readonly #wakeup = new Wakeup();
  #leaseId: string | undefined;
  /** For what etcd has been brought into order last. */
  #settled: { readonly leaseId: string; readonly version: number; readonly doubts: number } | undefined;
  /** How often the key has been seen other than it was written. */
  #doubts = 0;

  constructor(kept: Kept, context: KeeperContext, owner: KeeperOwner) {
    this.key = new OwnKey({
      ...context,
      key: context.options.keys.of(kept.publication.instance),
      ours: (leaseId) => owner.ours(leaseId),
      onMissing: () => this.#missing(),
      onDoubt: () => this.#doubt(),
    });
    this.#kept = kept;
    this.#context = context;
    this.#owner = owner;
  }

  get id(): string {
    return this.#kept.publication.instance.id;
  }

  /** Whether nothing is left to do under the lease. */
  isSettled(leaseId: string | undefined): boolean {
    const settled = this.#settled;
    const { version } = this.#kept.publication;
    return settled?.leaseId === leaseId && settled?.version === version && settled.doubts === this.#doubts;
  }

  start(): void {
    this.#owner.enter(this);
  }

  changed(): RpcError | undefined {
    this.#wakeup.wake();
    if (this.#leaseId !== undefined) return undefined;
    return new RpcError(Code.UNAVAILABLE, `${this.#context.options.name}: there is no lease at present`);
  }

  end(): Promise<void> {
    return this.#owner.leave(this);
  }

  run(): void {
    const { api, options } = this.#context;
    this.#upkeep.start((well) => this.#keepInOrder(well), {
      ...options,
      what: `registration of ${this.key.name}`,
      backoff: reconnectBackoff(options.random),
      healthyMs,
      onEnd: (error) => this.failed(error),
      early: (signal) => api.untilBack(signal),
    });
  }

  /** Whatever becomes of the key. Resolves once nothing is under way any more. */
  async stop(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#wakeup.wake();
    await Promise.all([closed, this.key.unwatch()]);
  }

  granted(leaseId: string): void {
    this.#leaseId = leaseId;
    this.#wakeup.wake();
  }

  lost(leaseId: string): void {
    if (this.#leaseId !== leaseId) return;
    this.#leaseId = undefined;
    this.#settled = undefined;
    this.#lost();
  }

  failed(error: unknown): void {
    this.#kept.publication.fail(error);
  }

  async #keepInOrder(well: () => void): Promise<void> {
    while (!this.#upkeep.closing) {
      const leaseId = this.#leaseId;
      if (leaseId === undefined || this.isSettled(leaseId)) {
        await this.#wakeup.wait();
      } else {
        await this.#bringIntoOrder(leaseId);
        well();
      }
    }
  }

  async #bringIntoOrder(leaseId: string): Promise<void> {
    const { publication, status } = this.#kept;
    const { instance, version } = publication;
    const doubts = this.#doubts;
    const value = this.#context.options.keys.encode(instance);
    const isOurs = await this.key.write({ value, leaseId }).catch((error: unknown) => {
      if (isLeaseGone(error)) this.#owner.leaseGone(leaseId);
      // What failed under a lease that is gone is done under the next, as soon as that is granted.
      if (this.#leaseId === leaseId) throw error;
      return false;
    });
    if (this.#upkeep.closing || this.#leaseId !== leaseId) return;
    this.#settled = { leaseId, version, doubts };
    if (isOurs) {
      // Where it was seen otherwise meanwhile, that may be younger: it is looked at once more before it counts.
      if (doubts === this.#doubts) status.become("registered");
      publication.confirm(version);
    } else {
      this.#takenOver();
    }
    this.#owner.settled();
    this.key.watch();
  }

  #doubt(): void {
    this.#doubts += 1;
    this.#wakeup.wake();
  }

  #missing(): void {
    const { logger } = this.#context.options;
    this.#lost();
    if (this.#settled === undefined || this.#settled.leaseId !== this.#leaseId) return;
    logger.warn({ key: this.key.name }, "somebody deleted or changed the registration; putting it back");
  }

  #takenOver(): void {
    const { logger, name } = this.#context.options;
    const message = `another process has registered "${this.id}"; give each instance an id of its own`;
    if (this.#kept.status.state !== "lost") logger.warn({ key: this.key.name }, message);
    this.#lost();
    this.failed(new RpcError(Code.ALREADY_EXISTS, `${name}: ${message}`));
  }

  #lost(): void {
    const { status } = this.#kept;
    if (status.state === "registered" && !this.#upkeep.closing) status.become("lost");
  }
}
