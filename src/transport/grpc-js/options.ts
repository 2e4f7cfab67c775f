import { type GrpcOptions, type ResolvedGrpcOptions, resolveGrpcOptions } from "../grpc/options.js";
import type { Grpc } from "./grpc.js";

export type { TlsOptions } from "../grpc/options.js";

export interface GrpcJsTransportOptions extends GrpcOptions {}

export type ResolvedOptions = ResolvedGrpcOptions;

/** Fills the defaults. @throws TypeError or RangeError that names the option, its value and what is allowed */
export function resolveOptions(options: GrpcJsTransportOptions): ResolvedOptions {
  return resolveGrpcOptions(options);
}

/** What client and server have in common. */
export function sharedOptions(options: ResolvedOptions): Grpc.ChannelOptions {
  return {
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": limit(options.maxReceiveBytes),
    "grpc.max_send_message_length": limit(options.maxSendBytes),
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    ...(options.keepaliveMs > 0 ? { "grpc.keepalive_time_ms": options.keepaliveMs } : {}),
  };
}

function limit(bytes: number): number {
  return bytes === Number.POSITIVE_INFINITY ? -1 : bytes;
}
