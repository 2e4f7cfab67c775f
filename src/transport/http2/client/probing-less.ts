import type { ConnectionOptions } from "../connection/connection-options.js";
import { usualPingIntervalMs } from "../connection/ping-pace.js";

/**
 * For who was told `too_many_pings`. gRFC A8 asks for half as often, step by step; each step costs the calls of a
 * connection, and the server that minds is nearly always one that was told nothing.
 *
 * @param mindedMs the pace of the connection that was told; others may have been told before, and have changed `options`
 */
export function probingLess(options: ConnectionOptions, mindedMs: number): ConnectionOptions {
  const { keepaliveMs } = options;
  if (keepaliveMs === 0) return options;
  return { ...options, keepaliveMs: Math.max(keepaliveMs, 2 * mindedMs, usualPingIntervalMs) };
}
