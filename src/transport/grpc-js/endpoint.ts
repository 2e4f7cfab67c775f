import { type ParsedAddress, parseAddress } from "../address.js";
import type { Address } from "../transport.js";

/** The best first. */
export const schemes: readonly string[] = ["grpc", "grpcs", "grpc+unix", "grpcs+unix"];

/** @throws TypeError where this transport does not go */
export function parseEndpoint(address: Address): ParsedAddress {
  const parsed = parseAddress(address);
  if (schemes.includes(parsed.scheme)) return parsed;
  const known = schemes.map((scheme) => `${scheme}://`).join(", ");
  throw new TypeError(`address ${JSON.stringify(address)}: the grpc-js transport goes by ${known}`);
}
