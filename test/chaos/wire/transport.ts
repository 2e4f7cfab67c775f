import { grpcJsTransport, http2Transport } from "../../../src/index.js";
import type { GrpcOptions } from "../../../src/transport/grpc/options.js";
import type { Transport } from "../../../src/transport/transport.js";

/** `HAWSER_TRANSPORT`, on both sides. */
export const transportName: string = process.env["HAWSER_TRANSPORT"] ?? "http2";

/** A client notices within a second that the server is gone, and within half a second that it is back. */
export const impatient: GrpcOptions = {
  keepaliveMs: 500,
  keepaliveTimeoutMs: 500,
  connectTimeoutMs: 1000,
  reconnectMaxMs: 500,
};

/** @param maxConnectionAgeMs server: clients are to connect anew after so long; `http2` alone knows it */
export function chosenTransport(options: GrpcOptions, maxConnectionAgeMs = Number.POSITIVE_INFINITY): Transport {
  if (transportName === "grpc-js") return grpcJsTransport(options);
  return http2Transport({ minPingIntervalMs: 100, ...options, maxConnectionAgeMs });
}
