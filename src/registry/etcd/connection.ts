import type {
  Etcd3,
  IDuplexStream,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  IOptions,
  IRangeResponse,
  ITxnRequest,
  ITxnResponse,
  IWatchRequest,
  IWatchResponse,
} from "etcd3";
import { Code, RpcError } from "../../errors/errors.js";
import { closedError } from "../failures.js";
import type { KeyRange } from "./keys.js";
import type { ResolvedEtcdOptions } from "./options.js";

type Etcd3Module = typeof import("etcd3");
export type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;
export type KeepAliveStream = IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;
type CallOptions = NonNullable<Parameters<Etcd3["watchClient"]["watch"]>[0]>;
type Interceptor = NonNullable<CallOptions["interceptors"]>[number];

export const etcdHint = "is etcd running, and is the address right? try: etcdctl endpoint health";

/**
 * etcd's own calls over one etcd3 client: requests with a deadline, streams without. etcd3 is loaded and the client made
 * by the first call. Every failure is an `RpcError` that names this etcd: UNAVAILABLE where trying again may help,
 * NOT_FOUND for a lease that is gone.
 */
export class EtcdConnection {
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

/** @throws RpcError FAILED_PRECONDITION where etcd3 is not installed */
export async function loadEtcd3(load: () => Promise<Etcd3Module> = () => import("etcd3")): Promise<Etcd3Module> {
  try {
    return await load();
  } catch (cause) {
    const message =
      "etcdRegistry needs the package etcd3, which cannot be loaded; try: npm install etcd3 @grpc/grpc-js";
    throw new RpcError(Code.FAILED_PRECONDITION, message, { cause });
  }
}

function clientOptions(options: ResolvedEtcdOptions): IOptions {
  const { auth, credentials, hosts, requestTimeoutMs } = options;
  return {
    hosts: [...hosts],
    ...(credentials && { credentials: { ...credentials } }),
    ...(auth && { auth: { ...auth, callOptions: () => ({ deadline: Date.now() + requestTimeoutMs }) } }),
    faultHandling: { host: () => withoutBreaker },
    grpcOptions: {
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 5_000,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_channelz": 0,
      "grpc.max_receive_message_length": 64 * 1024 * 1024,
    },
  };
}

type HostPolicy = ReturnType<NonNullable<NonNullable<IOptions["faultHandling"]>["host"]>>;

/** etcd3's own breaker refuses everything for 5 s after 3 failures; every caller here backs off by itself. */
const withoutBreaker = {
  execute: async (call: (context: { signal: AbortSignal }) => unknown) => call({ signal: neverAborted }),
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
} as unknown as HostPolicy;

const neverAborted = new AbortController().signal;

/** Ends a stream to a member that has lost its leader, rather than let it go quiet. etcd3 has no option for metadata. */
const addRequireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options) as ReturnType<Interceptor>;
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set("hasleader", "true");
    start(metadata, listener);
  };
  return call;
};

const requireLeader: CallOptions = { interceptors: [addRequireLeader] };

function toRpcError(reason: unknown, options: ResolvedEtcdOptions, etcd3: Etcd3Module | undefined): RpcError {
  if (reason instanceof RpcError) return reason;
  const { name, auth, requestTimeoutMs } = options;
  const say = (code: Code, what: string) => new RpcError(code, `${name}: ${what}`, { cause: reason });
  const text = (reason instanceof Error ? reason.message : String(reason)).replace(/^(?:Error: )?\d+ [A-Z_]+: /, "");
  if (etcd3 !== undefined) {
    if (reason instanceof etcd3.EtcdLeaseInvalidError) return say(Code.NOT_FOUND, "the lease is gone");
    if (reason instanceof etcd3.EtcdAuthenticationFailedError) {
      return say(Code.UNAUTHENTICATED, `user "${auth?.username}" was refused; check auth.username and auth.password`);
    }
    if (reason instanceof etcd3.EtcdPermissionDeniedError) {
      return say(
        Code.PERMISSION_DENIED,
        `user "${auth?.username ?? ""}" may not; grant the role readwrite on the prefix`,
      );
    }
    if (text.includes("user name is empty")) {
      return say(Code.UNAUTHENTICATED, "it wants to know who asks; give auth: { username, password }");
    }
    if (reason instanceof etcd3.GRPCFailedPreconditionError) return say(Code.FAILED_PRECONDITION, text);
    if (reason instanceof etcd3.GRPCDeadlineExceededError) {
      return say(Code.UNAVAILABLE, `no answer within ${requestTimeoutMs} ms; ${etcdHint}`);
    }
  }
  return say(Code.UNAVAILABLE, `${text}; ${etcdHint}`);
}
