import type {
  IDuplexStream,
  IKeyValue,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  IRangeResponse,
  ITxnRequest,
  ITxnResponse,
  IWatchRequest,
  IWatchResponse,
} from "etcd3";
import type { RpcError } from "../../errors/errors.js";

export type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;
export type KeepAliveStream = IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

/** Keys from `key` up to, but not including, `range_end`; only `key` itself where there is no end. */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end?: Buffer;
}

/** What is kept under a key, and under which lease: "0" is none. */
export type Entry = Pick<IKeyValue, "value" | "lease">;

/**
 * etcd as the loops of this driver see it. Every failure is an `RpcError` that names this etcd: UNAVAILABLE where trying
 * again may help, NOT_FOUND for a lease that is gone. The real one is `EtcdConnection`; the tests have one that lives in
 * memory, on a network and in a time of their own.
 */
export interface EtcdApi {
  /** All of it, as of one revision. Linearizable: what it answers was true after it was asked. */
  range(range: KeyRange): Promise<IRangeResponse>;
  /** @param timeoutMs Default: as every request */
  txn(request: ITxnRequest, timeoutMs?: number): Promise<ITxnResponse>;
  /** @returns the lease and the time to live that etcd really granted */
  grant(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }>;
  /** @param timeoutMs Default: as every request */
  revoke(leaseId: string, timeoutMs?: number): Promise<void>;
  isAlive(leaseId: string): Promise<boolean>;
  /** To a member that has a leader, with a token that is not known to have expired; ends when it loses its leader. */
  keepAlive(): Promise<KeepAliveStream>;
  /** As `keepAlive`. */
  watch(): Promise<WatchStream>;
  /** What a stream or a request ended with, as an `RpcError` that names this etcd. */
  failure(reason: unknown): RpcError;
  /** The member spoken to has not answered in time: the next call goes to another, where there is one. */
  suspect(why: string): void;
  /** Resolves when etcd answers again after it did not, and when the signal aborts. Not before it has failed. */
  untilBack(signal: AbortSignal): Promise<void>;
}
