import { schemes } from "../grpc/endpoint.js";
import { sharedByAddress } from "../shared-by-address.js";
import type { Transport } from "../transport.js";
import { grpcJsChannel } from "./channel.js";
import { Connection } from "./connection.js";
import { GrpcJsListener } from "./listener.js";
import { type GrpcJsTransportOptions, resolveOptions } from "./options.js";

export type { GrpcJsTransportOptions, TlsOptions } from "./options.js";

/**
 * gRPC over HTTP/2 by `@grpc/grpc-js`: every gRPC client and server of the world is its peer. Addresses are
 * `grpc://host:port`, `grpcs://host:port` (TLS), `grpc+unix:///path` and `grpcs+unix:///path`.
 */
export function grpcJsTransport(options: GrpcJsTransportOptions = {}): Transport {
  const resolved = resolveOptions(options);
  const connectionTo = sharedByAddress((address) => new Connection(address, resolved));
  return {
    name: "grpc-js",
    schemes,
    connect: (address) => grpcJsChannel(address, connectionTo(address), resolved),
    listen: (address, router) => GrpcJsListener.open(address, router, resolved),
  };
}
