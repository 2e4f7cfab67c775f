import { networkInterfaces } from "node:os";
import { parseAddress } from "../transport/address.js";
import type { Address } from "../transport/transport.js";

const anywhere = new Set(["0.0.0.0", "::"]);

/**
 * The endpoint others can reach: the bound address itself, or, where a server listens on every interface, the first
 * address of this machine that is not loopback.
 */
export function advertised(bound: Address, host?: string): Address {
  const parsed = parseAddress(bound);
  if (parsed.port === undefined) return bound;
  const reachable = host ?? (anywhere.has(parsed.host) ? firstExternal() : parsed.host);
  return `${parsed.scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${parsed.port}`;
}

function firstExternal(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const external = all.filter(({ internal }) => !internal);
  return (external.find(({ family }) => family === "IPv4") ?? external[0])?.address ?? "127.0.0.1";
}
