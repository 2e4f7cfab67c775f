import type { Etcd3, IOptions } from "etcd3";
import { Code, RpcError } from "../../../errors/errors.js";
import type { ResolvedEtcdOptions } from "../options.js";

export type Etcd3Module = typeof import("etcd3");
export type CallOptions = NonNullable<Parameters<Etcd3["watchClient"]["watch"]>[0]>;
export type Interceptor = NonNullable<CallOptions["interceptors"]>[number];
/** A request or stream under way, as grpc-js has it. */
export type WireCall = ReturnType<Interceptor>;

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

let clients = 0;

/**
 * For a client of one host with a TCP connection of its own: grpc-js shares connections, and what it knows of their
 * failures, between clients whose options are all the same.
 */
export function clientOptions(host: string, { credentials }: ResolvedEtcdOptions): IOptions {
  return {
    hosts: host,
    // Its types want a root certificate; grpc-js takes the system's where there is none.
    ...(credentials && { credentials: { ...credentials } as NonNullable<IOptions["credentials"]> }),
    faultHandling: { host: () => noPolicy, global: noPolicy },
    grpcOptions: {
      // A half-open link is noticed within 15 s. etcd hangs up on who pings more often than every 5 s.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5_000,
      // Never: a client that has failed is left for a new one, and grpc-js would connect it again even when it is closed.
      "grpc.initial_reconnect_backoff_ms": 86_400_000,
      "grpc.max_reconnect_backoff_ms": 86_400_000,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_channelz": 0,
      // More than the largest value that etcd recommends, 10 MiB, and little enough to come within the time of a request.
      "grpc.max_receive_message_length": 16 * 1024 * 1024,
      "hawser.client": ++clients,
    },
  };
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;

/** etcd3 drops its connections at the failures it knows, and with them the streams of others. */
class Failure extends Error {
  constructor(cause: unknown) {
    super("etcd3", { cause });
  }
}

/** What etcd said, out of what was put around it here. */
export function unwrap(reason: unknown): unknown {
  return reason instanceof Failure ? reason.cause : reason;
}

/** No retries and no breaker of etcd3's own: it tries thrice, then refuses everything for 5 s. */
const noPolicy = {
  async execute(call: (context: { signal: AbortSignal }) => unknown): Promise<unknown> {
    try {
      return await call({ signal: neverAborted });
    } catch (reason) {
      throw reason instanceof Failure ? reason : new Failure(reason);
    }
  },
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
} as unknown as Policy;

const neverAborted = new AbortController().signal;
