import type { ITxnRequest } from "etcd3";
import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { registrationClosedError } from "../failures.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import { RegistrationStatus } from "../registration-status.js";
import type { Registration, RegistrationState } from "../registry.js";
import { Wakeup } from "../wakeup.js";
import type { EtcdApi } from "./api.js";
import { etcdBackoff, healthyMs } from "./backoff.js";
import { etcdHint } from "./failures.js";
import type { Keys } from "./layout.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { RangeWatch } from "./range-watch.js";

export interface RegistrationOwner {
  /** Takes the key of a registration that has stopped out of etcd. */
  remove(registration: EtcdRegistration): Promise<void>;
  /** etcd does not know the lease any more. */
  leaseGone(leaseId: string): void;
}

/** One key, kept in etcd as it should be: under the lease of the moment, with the latest value, put back if it is deleted. */
export class EtcdRegistration implements Registration {
  readonly publication: Publication;
  readonly key: Buffer;
  readonly #connection: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #keys: Keys;
  readonly #owner: RegistrationOwner;
  readonly #status: RegistrationStatus;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  readonly #ownKey: RangeWatch;
  #leaseId: string | undefined;
  /** What etcd is known to hold. */
  #published: { readonly leaseId: string; readonly version: number } | undefined;
  /** How often the key has been seen missing. */
  #missing = 0;
  #watching = false;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    instance: Instance,
    context: {
      readonly connection: EtcdApi;
      readonly options: ResolvedEtcdOptions;
      readonly keys: Keys;
      readonly owner: RegistrationOwner;
    },
  ) {
    const { connection, options, keys, owner } = context;
    const { name: registryName, clock, logger, monitor } = options;
    const { service, id } = instance;
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
    this.publication = new Publication(instance, { registryName, hint: etcdHint, clock });
    this.key = keys.of(instance);
    this.#connection = connection;
    this.#options = options;
    this.#keys = keys;
    this.#owner = owner;
    this.#ownKey = new RangeWatch(
      connection,
      options,
      { key: this.key },
      {
        changed: (values) => {
          if (!values.has(this.key.toString())) this.#seenMissing();
        },
        away() {},
      },
    );
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

  start(): void {
    const { clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#keepPublished(well), {
      what: `registration of ${this.key}`,
      clock,
      logger,
      backoff: etcdBackoff(this.#options),
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.publication.fail(error),
    });
  }

  granted(leaseId: string): void {
    this.#leaseId = leaseId;
    this.#wakeup.wake();
  }

  lost(leaseId: string): void {
    if (this.#leaseId !== leaseId) return;
    this.#leaseId = undefined;
    this.#published = undefined;
    if (this.#status.state === "registered") this.#status.become("lost");
  }

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    if (this.#closing.signal.aborted) {
      throw registrationClosedError(this.#options.name, publication.instance.id);
    }
    publication.replace(instance);
    const updated = publication.updated();
    if (this.#leaseId === undefined) {
      publication.fail(new RpcError(Code.UNAVAILABLE, `${this.#options.name}: there is no lease at present`));
    }
    this.#wakeup.wake();
    await updated;
  }

  /** Ends all work, and leaves the key where it is. */
  async stop(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    await Promise.all([this.#running, this.#ownKey.close()]);
    this.#published = undefined;
    this.#status.become("closed");
    this.publication.fail(registrationClosedError(this.#options.name, this.publication.instance.id));
  }

  close(): Promise<void> {
    this.#closed ??= this.stop().then(() => this.#owner.remove(this));
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #keepPublished(well: () => void): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const leaseId = this.#leaseId;
      const published = this.#published;
      const done = published?.leaseId === leaseId && published?.version === this.publication.version;
      if (leaseId === undefined || done) {
        await this.#wakeup.wait();
      } else {
        await this.#publish(leaseId);
        well();
      }
    }
  }

  async #publish(leaseId: string): Promise<void> {
    const { instance, version } = this.publication;
    const missing = this.#missing;
    try {
      await this.#connection.txn(putUnlessThere(this.key, this.#keys.encode(instance), leaseId));
    } catch (error) {
      if (error instanceof RpcError && error.code === Code.NOT_FOUND) this.#owner.leaseGone(leaseId);
      throw error;
    }
    if (this.#closing.signal.aborted || this.#leaseId !== leaseId) return;
    // A deletion seen meanwhile may be younger than this put: then once more, which costs nothing where it was not.
    if (missing === this.#missing) {
      this.#published = { leaseId, version };
      this.#status.become("registered");
    }
    this.publication.confirm(version);
    if (this.#watching) return;
    this.#watching = true;
    this.#ownKey.start();
  }

  #seenMissing(): void {
    this.#missing += 1;
    if (this.#published !== undefined) {
      this.#options.logger.warn({ key: this.key.toString() }, "somebody deleted the registration; putting it back");
    }
    this.#published = undefined;
    if (this.#status.state === "registered") this.#status.become("lost");
    this.#wakeup.wake();
  }
}

/** Writes nothing, and so tells no watcher, where the same value is there under the same lease. */
function putUnlessThere(key: Buffer, value: Buffer, lease: string): ITxnRequest {
  return {
    compare: [
      { key, target: "Value", result: "Equal", value },
      { key, target: "Lease", result: "Equal", lease },
    ],
    failure: [{ request_put: { key, value, lease } }],
  };
}
