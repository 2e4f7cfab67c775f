import { Code, RpcError } from "../../errors/errors.js";
import { keepTrying } from "../keep-trying.js";
import { Watchdog } from "../watchdog.js";
import type { EtcdApi } from "./api.js";
import { etcdBackoff, healthyMs } from "./backoff.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { readStream } from "./stream.js";

/** Who is told what becomes of the lease. */
export interface LeaseHolder {
  granted(leaseId: string): void;
  /** The lease that was granted is not to be counted on any more. */
  lost(leaseId: string): void;
  /** No lease could be had, or the one there was is lost; the next is being asked for. */
  failed(error: RpcError): void;
}

/**
 * One lease, kept alive over one stream, and another in its place whenever it is lost: because etcd says so, or because
 * etcd has said nothing for its whole time to live.
 */
export class EtcdLease {
  readonly #connection: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #holder: LeaseHolder;
  readonly #closing = new AbortController();
  #current: { readonly leaseId: string; readonly end: AbortController } | undefined;
  #running: Promise<void> | undefined;

  constructor(connection: EtcdApi, options: ResolvedEtcdOptions, holder: LeaseHolder) {
    this.#connection = connection;
    this.#options = options;
    this.#holder = holder;
  }

  /** The lease held now. */
  get id(): string | undefined {
    return this.#current?.leaseId;
  }

  start(): void {
    const { clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#hold(well), {
      what: "lease",
      clock,
      logger,
      backoff: etcdBackoff(this.#options),
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.#holder.failed(error as RpcError),
    });
  }

  /** Lets a lease run out and takes another; does nothing where it is not the current one any more. */
  abandon(leaseId: string, why: string): void {
    if (this.#current?.leaseId === leaseId) this.#current.end.abort(this.#lost(why));
  }

  /** Revokes the lease, and with it every key it holds. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#current?.end.abort();
    await this.#running;
  }

  /** Lives as long as one lease. */
  async #hold(well: () => void): Promise<void> {
    const { leaseId, ttlMs } = await this.#connection.grant(this.#options.ttlMs);
    const end = new AbortController();
    this.#current = { leaseId, end };
    try {
      if (!this.#closing.signal.aborted) {
        this.#holder.granted(leaseId);
        well();
        await this.#renew(leaseId, ttlMs, end);
        throw end.signal.reason;
      }
    } finally {
      this.#current = undefined;
      this.#holder.lost(leaseId);
      if (this.#closing.signal.aborted) await this.#revoke(leaseId);
    }
  }

  /** Resolves once `end` has aborted. A stream that breaks is opened again while the lease may still be alive. */
  async #renew(leaseId: string, ttlMs: number, end: AbortController): Promise<void> {
    const { clock, logger } = this.#options;
    const watchdog = new Watchdog(clock, () => end.abort(this.#lost(`no answer for ${ttlMs} ms`)));
    watchdog.feed(ttlMs);
    const renewals = async (well: () => void) => {
      // Also renews an expired auth token, which etcd3 does for requests but not for streams.
      if (!(await this.#connection.isAlive(leaseId))) return end.abort(this.#lost("etcd has let it expire"));
      await this.#beat(leaseId, ttlMs, end, () => {
        watchdog.feed(ttlMs);
        well();
      });
    };
    await keepTrying(renewals, {
      what: "keepalive stream",
      clock,
      logger,
      backoff: etcdBackoff(this.#options),
      healthyMs: ttlMs,
      signal: end.signal,
    });
    watchdog.stop();
  }

  /** One keepalive stream, a sign of life three times per time to live. */
  async #beat(leaseId: string, ttlMs: number, end: AbortController, onAnswer: () => void): Promise<void> {
    const { clock } = this.#options;
    const stream = await this.#connection.keepAlive();
    let timer = clock.timer(0, function beat() {
      stream.write({ ID: leaseId });
      timer = clock.timer(ttlMs / 3, beat);
    });
    try {
      await readStream(stream, end.signal, ({ TTL }) => {
        if (Number(TTL) > 0) onAnswer();
        else end.abort(this.#lost("etcd has let it expire"));
      });
    } finally {
      timer.cancel();
    }
  }

  async #revoke(leaseId: string): Promise<void> {
    await this.#connection.revoke(leaseId).catch((err: unknown) => {
      this.#options.logger.debug({ err, leaseId }, "the lease was not revoked; it runs out by itself");
    });
  }

  #lost(why: string): RpcError {
    return new RpcError(Code.NOT_FOUND, `${this.#options.name}: the lease is gone (${why})`);
  }
}
