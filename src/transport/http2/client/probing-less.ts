import type { ConnectionOptions } from "../connection/connection-options.js";

/** What gRPC's own servers allow where nobody tells them otherwise (gRFC A8). */
const usualPingIntervalMs = 5 * 60_000;

/**
 * For who was told `too_many_pings`. gRFC A8 asks for half as often, step by step; each step costs the calls of a
 * connection, and the server that minds is nearly always one that was told nothing.
 */
export function probingLess(options: ConnectionOptions): ConnectionOptions {
  const { keepaliveMs } = options;
  return { ...options, keepaliveMs: keepaliveMs === 0 ? 0 : Math.max(2 * keepaliveMs, usualPingIntervalMs) };
}
