import { schemes } from "../grpc/endpoint.js";
import { SharedChannel } from "../grpc/shared-channel.js";
import { sharedByAddress } from "../shared-by-address.js";
import type { Address, Channel, Transport } from "../transport.js";
import { Pool } from "./client/pool.js";
import { callSettings } from "./grpc/call-settings.js";
import { startCall } from "./grpc/start-call.js";
import { type Http2TransportOptions, resolveOptions } from "./options.js";
import { Http2Listener } from "./server/listener.js";

export type { TlsOptions } from "../grpc/options.js";
export type { Http2TransportOptions } from "./options.js";

/**
 * gRPC over HTTP/2 by an engine of our own, straight over sockets: every gRPC client and server of the world is its peer.
 * Addresses are `grpc://host:port`, `grpcs://host:port` (TLS), `grpc+unix:///path` and `grpcs+unix:///path`.
 *
 * @throws TypeError or RangeError for an option that cannot be, naming it
 */
export function http2Transport(options: Http2TransportOptions = {}): Transport {
  const resolved = resolveOptions(options);
  const poolOf = sharedByAddress((address) => new Pool(address, resolved));
  return {
    name: "http2",
    schemes,
    connect: (address: Address): Channel => {
      const settings = callSettings(address, resolved.codec, resolved, resolved.tls.serverName);
      const pool = poolOf(address);
      return new SharedChannel({
        address,
        connector: pool,
        clock: resolved.clock,
        start: (call, caller) => startCall(call, pool.value, settings, caller),
      });
    },
    listen: (address, router) => Http2Listener.open(address, router, resolved),
  };
}
