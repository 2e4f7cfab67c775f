import type { Etcd3, IRangeResponse, ITxnRequest, ITxnResponse } from "etcd3";
import type { RpcError } from "../../errors/errors.js";
import { closedError } from "../failures.js";
import type { EtcdApi, KeepAliveStream, KeyRange, WatchStream } from "./api.js";
import { type CallOptions, clientOptions, type Etcd3Module, loadEtcd3, requireLeader } from "./etcd3.js";
import { toRpcError } from "./failures.js";
import type { ResolvedEtcdOptions } from "./options.js";

/**
 * etcd's own calls over one etcd3 client: requests with a deadline, streams without. etcd3 is loaded and the client made
 * by the first call. Every failure is an `RpcError` that names this etcd: UNAVAILABLE where trying again may help,
 * NOT_FOUND for a lease that is gone.
 */
export class EtcdConnection implements EtcdApi {
  readonly #options: ResolvedEtcdOptions;
  #client: Promise<{ etcd3: Etcd3Module; client: Etcd3 }> | undefined;
  #closed = false;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
  }

  /** Linearizable: what it answers was true after it was asked. */
  range(range: KeyRange): Promise<IRangeResponse> {
    return this.#call((client) => client.kv.range({ ...range }, this.#deadline()));
  }

  txn(request: ITxnRequest): Promise<ITxnResponse> {
    return this.#call((client) => client.kv.txn(request, this.#deadline()));
  }

  /** @returns the lease and the time to live that etcd really granted */
  async grant(ttlMs: number): Promise<{ leaseId: string; ttlMs: number }> {
    const wanted = { TTL: Math.ceil(ttlMs / 1_000) };
    const { ID, TTL } = await this.#call((client) => client.leaseClient.leaseGrant(wanted, this.#deadline()));
    return { leaseId: ID, ttlMs: Number(TTL) * 1_000 };
  }

  async revoke(leaseId: string): Promise<void> {
    await this.#call((client) => client.leaseClient.leaseRevoke({ ID: leaseId }, this.#deadline()));
  }

  async isAlive(leaseId: string): Promise<boolean> {
    const { TTL } = await this.#call((client) => client.leaseClient.leaseTimeToLive({ ID: leaseId }, this.#deadline()));
    // Whole seconds that are left, rounded down, so 0 in the last of them; -1 is gone.
    return Number(TTL) >= 0;
  }

  keepAlive(): Promise<KeepAliveStream> {
    return this.#call((client) => client.leaseClient.leaseKeepAlive(requireLeader));
  }

  watch(): Promise<WatchStream> {
    return this.#call((client) => client.watchClient.watch(requireLeader));
  }

  /** What a stream or a request ended with, as an `RpcError` that names this etcd. */
  async failure(reason: unknown): Promise<RpcError> {
    return toRpcError(reason, this.#options, (await this.#client?.catch(() => undefined))?.etcd3);
  }

  suspect(_why: string): void {}

  untilBack(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    (await this.#client?.catch(() => undefined))?.client.close();
  }

  async #call<T>(work: (client: Etcd3) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(this.#options.name);
    this.#client ??= this.#open();
    try {
      return await work((await this.#client).client);
    } catch (reason) {
      throw await this.failure(reason);
    }
  }

  async #open(): Promise<{ etcd3: Etcd3Module; client: Etcd3 }> {
    try {
      const etcd3 = await loadEtcd3();
      return { etcd3, client: new etcd3.Etcd3(clientOptions(this.#options)) };
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  /** Real time, whatever the injected clock says: etcd3 counts in it. */
  #deadline(): CallOptions {
    return { deadline: Date.now() + this.#options.requestTimeoutMs };
  }
}
