import { Code, RpcError } from "../../../errors/errors.js";
import { isFinal } from "../../failures.js";
import { keepTrying } from "../../keep-trying.js";
import { reconnectBackoff } from "../../reconnect-backoff.js";
import { Upkeep } from "../../upkeep.js";
import { Watchdog } from "../../watchdog.js";
import type { EtcdApi } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { closeMs } from "../patience.js";
import { beat } from "./heartbeat.js";
import { renewalBackoff } from "./renewal-backoff.js";
import { ReplacedLeases } from "./replaced-leases.js";

/** Who is told what becomes of the lease. */
export interface LeaseHolder {
  /** What is to be kept belongs under this lease now. May be one that was lost and is found alive. */
  granted(leaseId: string): void;
  /** The lease that was granted is not to be counted on any more. */
  lost(leaseId: string): void;
  /** No lease could be had, or the one there was is not renewed any more; the next is being asked for. */
  failed(error: RpcError): void;
}

interface Granted {
  readonly leaseId: string;
  readonly ttlMs: number;
}

/**
 * One lease, renewed over one stream three times per time to live, and another in its place whenever it is gone.
 *
 * It is counted on for its time to live from the moment at which the last renewal that was answered was sent; etcd cannot
 * have let it expire before. After that it is lost, and yet etcd may have kept it: the clocks of leases stand still while
 * no member leads, and start anew when one does. So it is asked about before another is granted, and who watches an
 * etcd that was away sees no change at all.
 */
export class EtcdLease {
  readonly #api: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #holder: LeaseHolder;
  readonly #upkeep = new Upkeep();
  readonly #watchdog: Watchdog;
  /** Not known to be gone: to be renewed, or to be asked about. */
  #lease: Granted | undefined;
  /** etcd has answered, and does not know it: it answers, so another can be had at once. */
  #isGone = false;
  /** What the holder counts on. */
  #trusted: string | undefined;
  /** Or to be replaced. */
  readonly #replaced: ReplacedLeases;
  /** Aborts when the renewing of `#lease` is over. */
  #term = new AbortController();

  constructor(api: EtcdApi, options: ResolvedEtcdOptions, holder: LeaseHolder) {
    this.#api = api;
    this.#options = options;
    this.#holder = holder;
    this.#replaced = new ReplacedLeases(api, options);
    this.#watchdog = new Watchdog(options.clock, () => this.#unproven());
  }

  /** The lease to be counted on. */
  get trusted(): string | undefined {
    return this.#trusted;
  }

  /** The lease that is renewed, or would be if etcd answered; undefined while another is to take its place. */
  get id(): string | undefined {
    return this.#lease?.leaseId;
  }

  /** Whether there are leases that were replaced and not revoked yet. */
  get hasReplaced(): boolean {
    return this.#replaced.size > 0;
  }

  /** Whether it is this lease, or one that this has replaced. */
  owns(leaseId: string): boolean {
    return leaseId === this.#lease?.leaseId || this.#replaced.has(leaseId);
  }

  start(): void {
    const { random, ttlMs } = this.#options;
    this.#upkeep.start((well) => this.#hold(well), {
      ...this.#options,
      what: "lease",
      backoff: reconnectBackoff(random),
      // Sooner than the other loops: this one cannot come more often than once in that time anyway.
      healthyMs: ttlMs,
      onEnd: (error) => this.#holder.failed(error as RpcError),
      early: (signal) => (this.#isGone ? Promise.resolve() : this.#api.untilBack(signal)),
    });
  }

  /** Takes another lease in place of this one, which is counted on until then. Does nothing where it is not the current. */
  replace(leaseId: string, why: string): void {
    if (this.#lease?.leaseId !== leaseId) return;
    this.#forget(leaseId);
    this.#term.abort(this.#ended(why));
  }

  /** etcd does not know the lease. Does nothing where it is not the current. */
  gone(leaseId: string): void {
    if (this.#lease?.leaseId !== leaseId) return;
    this.#lease = undefined;
    this.#isGone = true;
    this.#distrust();
    this.#term.abort(this.#ended("etcd does not know it"));
  }

  /** Nothing that is still wanted is under a replaced lease: they are revoked, and with them what is left there. */
  settled(): void {
    void this.#replaced.revoke();
  }

  /** Revokes the lease, and with it every key it holds. */
  async close(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#term.abort();
    this.#watchdog.stop();
    // Now, without waiting for what is under way, and again for what was granted meanwhile.
    await Promise.all([this.#revokeAll(), closed.then(() => this.#revokeAll())]);
  }

  /** Lives as long as one lease is renewed. */
  async #hold(well: () => void): Promise<void> {
    const term = new AbortController();
    this.#term = term;
    this.#isGone = false;
    const lease = (await this.#recalled()) ?? (await this.#granted(well));
    if (lease !== undefined) await this.#renew(lease, term, well);
    throw term.signal.reason;
  }

  /** The lease of before, where etcd still has it. It has to prove soon that it can be renewed. */
  async #recalled(): Promise<Granted | undefined> {
    const before = this.#lease;
    if (before === undefined) return undefined;
    const alive = await this.#api.isAlive(before.leaseId).catch((error: unknown) => {
      if (!isFinal(error)) throw error;
      this.#forget(before.leaseId);
      return false;
    });
    if (this.#lease !== before) return undefined;
    if (alive) this.#watchdog.feed(before.ttlMs / 3);
    else this.#lease = undefined;
    return this.#lease;
  }

  async #granted(well: () => void): Promise<Granted | undefined> {
    if (this.#upkeep.closing) return undefined;
    const askedAt = this.#options.clock.now();
    const lease = await this.#api.grant(this.#options.ttlMs);
    this.#lease = lease;
    if (this.#upkeep.closing) return undefined;
    this.#proven(lease, askedAt, lease.ttlMs);
    well();
    return lease;
  }

  /** Resolves once the term has aborted. A stream that breaks is opened again while the lease may still be alive. */
  async #renew({ leaseId, ttlMs }: Granted, term: AbortController, well: () => void): Promise<void> {
    const { clock, logger, monitor } = this.#options;
    const { signal } = term;
    const answered = (sentAt: number, leftMs: number) => {
      monitor({ type: "renewal", ok: leftMs > 0 });
      if (leftMs <= 0) return this.gone(leaseId);
      this.#proven({ leaseId, ttlMs }, sentAt, leftMs);
      well();
    };
    const renewing = async (streamWell: () => void) => {
      const heartbeat = { api: this.#api, options: this.#options, leaseId, everyMs: ttlMs / 3, signal };
      await beat(heartbeat, (sentAt, leftMs) => {
        answered(sentAt, leftMs);
        streamWell();
      });
    };
    await keepTrying(renewing, {
      what: "keepalive stream",
      clock,
      logger,
      backoff: renewalBackoff(this.#options),
      healthyMs: ttlMs,
      signal,
      onEnd: () => monitor({ type: "renewal", ok: false }),
      early: (over) => this.#api.untilBack(over),
    });
  }

  /** @param sentAt when it was asked for, what etcd has now answered: since then it had `leftMs` to live */
  #proven({ leaseId }: Granted, sentAt: number, leftMs: number): void {
    this.#watchdog.feed(sentAt + leftMs - this.#options.clock.now());
    if (this.#trusted === leaseId) return;
    this.#trusted = leaseId;
    this.#holder.granted(leaseId);
  }

  /** Nothing proves any more that the lease is alive. */
  #unproven(): void {
    const [lease, wasTrusted] = [this.#lease, this.#trusted !== undefined];
    this.#distrust();
    if (lease === undefined) return;
    // It was found alive and then could not be renewed: that is not tried for ever.
    if (!wasTrusted) this.#forget(lease.leaseId);
    this.#term.abort(this.#ended("etcd has not renewed it for its time to live"));
  }

  #distrust(): void {
    const leaseId = this.#trusted;
    this.#trusted = undefined;
    this.#watchdog.stop();
    if (leaseId !== undefined) this.#holder.lost(leaseId);
  }

  #forget(leaseId: string): void {
    this.#lease = undefined;
    this.#replaced.add(leaseId);
  }

  async #revokeAll(): Promise<void> {
    if (this.#lease !== undefined) this.#forget(this.#lease.leaseId);
    await this.#replaced.revoke(closeMs);
  }

  #ended(why: string): RpcError {
    return new RpcError(Code.NOT_FOUND, `${this.#options.name}: the lease is gone (${why})`);
  }
}

/** Whether etcd has said that it does not know the lease any more. */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.NOT_FOUND;
}
