import type { Etcd3, IOptions } from "etcd3";
import { Code, RpcError } from "../../errors/errors.js";
import type { ResolvedEtcdOptions } from "./options.js";

export type Etcd3Module = typeof import("etcd3");
export type CallOptions = NonNullable<Parameters<Etcd3["watchClient"]["watch"]>[0]>;
type Interceptor = NonNullable<CallOptions["interceptors"]>[number];

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

export function clientOptions(options: ResolvedEtcdOptions): IOptions {
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

export const requireLeader: CallOptions = { interceptors: [addRequireLeader] };
