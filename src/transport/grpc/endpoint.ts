import { type ParsedAddress, parseAddress } from "../address.js";
import type { Address } from "../transport.js";

/** The best first. */
export const schemes: readonly string[] = ["grpc", "grpcs", "grpc+unix", "grpcs+unix"];

/** @throws TypeError where the transport of that name does not go */
export function parseEndpoint(address: Address, transport: string): ParsedAddress {
  const parsed = parseAddress(address);
  if (schemes.includes(parsed.scheme)) return parsed;
  const known = schemes.map((scheme) => `${scheme}://`).join(", ");
  throw new TypeError(`address ${JSON.stringify(address)}: the ${transport} transport goes by ${known}`);
}

/** Whether the connection is to be sealed. */
export function isTls({ scheme }: ParsedAddress): boolean {
  return scheme.startsWith("grpcs");
}

/** `127.0.0.1:50051`, `[::1]:50051`; the path of a unix socket. */
export function authorityOf({ host, port }: ParsedAddress): string {
  if (port === undefined) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
