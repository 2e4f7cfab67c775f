import type { Instance } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import { isFinal, registrationClosedError } from "../../failures.js";
import { keepTrying } from "../../keep-trying.js";
import { Publication } from "../../publication.js";
import { RegistrationStatus } from "../../registration-status.js";
import type { Registration, RegistrationState } from "../../registry.js";
import { Wakeup } from "../../wakeup.js";
import { etcdBackoff, healthyMs } from "../backoff.js";
import { etcdHint } from "../connection/failures.js";
import { keepKey, type OwnKey, takeKey } from "./own-key.js";
import type { RegistrationContext, Watching } from "./registration-context.js";

export interface RegistrationOwner {
  /** Whether keys under the lease are this process's own. */
  ours(leaseId: string): boolean;
  /** The registration has done what there was to do under the lease of the moment. */
  settled(): void;
  /** etcd does not know the lease any more. */
  leaseGone(leaseId: string): void;
  /** Takes a registration out, in a second at most; what cannot be done by then is done later. */
  leave(registration: EtcdRegistration): Promise<void>;
}

/**
 * One key, kept in etcd as it should be: under the lease of the moment, with the latest value. Its own watch says where it
 * is not so any more: where somebody has deleted or changed it by hand it is put back; where another process has taken
 * the id it stays with that one until it leaves, and the registration is lost meanwhile.
 */
export class EtcdRegistration implements Registration {
  readonly publication: Publication;
  readonly key: Buffer;
  readonly #context: RegistrationContext;
  readonly #owner: RegistrationOwner;
  readonly #status: RegistrationStatus;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  readonly #ownKey: ReturnType<Watching>;
  #leaseId: string | undefined;
  /** For what etcd has been brought into order last. */
  #settled: { readonly leaseId: string; readonly version: number; readonly doubts: number } | undefined;
  /** What was written last, or is being written. */
  #written: Buffer | undefined;
  #unanswered = false;
  /** How often the key has been seen other than it was written. */
  #doubts = 0;
  #watching = false;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(instance: Instance, context: RegistrationContext, owner: RegistrationOwner) {
    const { name: registryName, keys, clock, logger, monitor } = context.options;
    const { service, id } = instance;
    this.publication = new Publication(instance, { registryName, hint: etcdHint, clock });
    this.key = keys.of(instance);
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
    this.#context = context;
    this.#owner = owner;
    const name = this.key.toString();
    this.#ownKey = context.watching(
      { key: this.key },
      { changed: (entries) => this.#seen(entries.get(name)?.value), away: () => {} },
    );
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  /** Whether nothing is left to do under the lease. */
  isSettled(leaseId: string | undefined): boolean {
    const settled = this.#settled;
    return (
      settled?.leaseId === leaseId && settled?.version === this.publication.version && settled.doubts === this.#doubts
    );
  }

  /** Whether something was asked of etcd of which nobody knows if it was done, or will be. */
  get unanswered(): boolean {
    return this.#unanswered;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
  }

  start(): void {
    const { api, options } = this.#context;
    this.#running = keepTrying((well) => this.#keepInOrder(well), {
      what: `registration of ${this.key}`,
      clock: options.clock,
      logger: options.logger,
      backoff: etcdBackoff(options),
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.publication.fail(error),
      early: (signal) => api.untilBack(signal),
    });
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

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    const { name } = this.#context.options;
    if (this.#closing.signal.aborted) throw registrationClosedError(name, publication.instance.id);
    publication.replace(instance);
    const updated = publication.updated();
    if (this.#leaseId === undefined) {
      publication.fail(new RpcError(Code.UNAVAILABLE, `${name}: there is no lease at present`));
    }
    this.#wakeup.wake();
    await updated;
  }

  /** It is closed from now on, whatever becomes of its key. Resolves once nothing is under way any more. */
  async stop(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    this.#status.become("closed");
    this.publication.fail(registrationClosedError(this.#context.options.name, this.publication.instance.id));
    await Promise.all([this.#running, this.#ownKey.close()]);
  }

  close(): Promise<void> {
    this.#closed ??= this.#owner.leave(this);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #keepInOrder(well: () => void): Promise<void> {
    while (!this.#closing.signal.aborted) {
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
    const { instance, version } = this.publication;
    const doubts = this.#doubts;
    const own = { key: this.key, value: this.#context.options.keys.encode(instance), leaseId };
    const there = await this.#write(own).catch((error: unknown) => {
      // What failed under a lease that is gone is done under the next, as soon as that is granted.
      if (this.#leaseId === leaseId) throw error;
      return false;
    });
    if (this.#closing.signal.aborted || this.#leaseId !== leaseId) return;
    this.#settled = { leaseId, version, doubts };
    if (there) {
      // Where it was seen otherwise meanwhile, that may be younger: it is looked at once more before it counts.
      if (doubts === this.#doubts) this.#status.become("registered");
      this.publication.confirm(version);
    } else {
      this.#takenOver();
    }
    this.#owner.settled();
    if (this.#watching) return;
    this.#watching = true;
    this.#ownKey.start();
  }

  /** @returns whether the key is ours */
  async #write(own: OwnKey): Promise<boolean> {
    const { api } = this.#context;
    const wasThere = this.#settled?.leaseId === own.leaseId;
    const missing = () => {
      this.#lost();
      if (!wasThere) return;
      const { logger } = this.#context.options;
      logger.warn({ key: this.key.toString() }, "somebody deleted or changed the registration; putting it back");
    };
    this.#written = own.value;
    this.#unanswered = true;
    try {
      const there = this.#watching
        ? await keepKey(api, own, (leaseId) => this.#owner.ours(leaseId), missing)
        : await takeKey(api, own);
      this.#unanswered = false;
      return there;
    } catch (error) {
      const leaseGone = error instanceof RpcError && error.code === Code.NOT_FOUND;
      if (leaseGone || isFinal(error)) this.#unanswered = false;
      if (leaseGone) this.#owner.leaseGone(own.leaseId);
      throw error;
    }
  }

  /** By its own watch: what is there now. */
  #seen(value: Buffer | undefined): void {
    if (this.#written !== undefined && value?.equals(this.#written)) return;
    this.#doubts += 1;
    this.#wakeup.wake();
  }

  #takenOver(): void {
    const { logger, name } = this.#context.options;
    const { id } = this.publication.instance;
    const message = `another process has registered "${id}"; give each instance an id of its own`;
    if (this.#status.state !== "lost") logger.warn({ key: this.key.toString() }, message);
    this.#lost();
    this.publication.fail(new RpcError(Code.ALREADY_EXISTS, `${name}: ${message}`));
  }

  #lost(): void {
    if (this.#status.state === "registered") this.#status.become("lost");
  }
}
