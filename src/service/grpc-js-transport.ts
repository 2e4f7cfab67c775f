import { parseEndpoint, schemes } from "../transport/grpc/endpoint.js";
import type { GrpcJsTransportOptions } from "../transport/grpc-js/grpc-js.js";
import { resolveOptions } from "../transport/grpc-js/options.js";
import type { Transport } from "../transport/transport.js";
import { lateTransport } from "./late-transport.js";

export type { GrpcJsTransportOptions, TlsOptions } from "../transport/grpc-js/grpc-js.js";

/**
 * As `hawser/transport/grpc-js` has it, but that `@grpc/grpc-js` is loaded by the first call, or by whoever listens: a
 * program that goes another way is spared it, and need not have it installed.
 *
 * @throws TypeError or RangeError for an option that cannot be, naming it
 */
export function grpcJsTransport(options: GrpcJsTransportOptions = {}): Transport {
  const { clock } = resolveOptions(options);
  return lateTransport({
    name: "grpc-js",
    schemes,
    check: (address) => parseEndpoint(address, "grpc-js"),
    clock,
    load: async () => (await import("../transport/grpc-js/grpc-js.js")).grpcJsTransport(options),
  });
}
