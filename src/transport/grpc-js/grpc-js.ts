import { shareChannels } from "../share-channels.js";
import type { Transport } from "../transport.js";
import { GrpcJsChannel } from "./channel.js";
import { GrpcJsListener } from "./listener.js";
import { type GrpcJsTransportOptions, resolveOptions } from "./options.js";

export type { GrpcJsTransportOptions, TlsOptions } from "./options.js";

/**
 * gRPC over HTTP/2 by `@grpc/grpc-js`: every gRPC client and server of the world is its peer. Addresses are
 * `grpc://host:port`, `grpcs://host:port` (TLS), `grpc+unix:///path` and `grpcs+unix:///path`.
 */
export function grpcJsTransport(options: GrpcJsTransportOptions = {}): Transport {
  const resolved = resolveOptions(options);
  return {
    name: "grpc-js",
    schemes: ["grpc", "grpcs", "grpc+unix", "grpcs+unix"],
    connect: shareChannels((address) => new GrpcJsChannel(address, resolved)),
    listen: (address, router) => GrpcJsListener.open(address, router, resolved),
  };
}
