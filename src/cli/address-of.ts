import { parseAddress } from "../transport/address.js";
import type { Address, Transport } from "../transport/transport.js";
import { UsageError } from "./failure.js";

/** What has a scheme or a port is an address; names of services have neither. @throws UsageError for one nobody can call */
export function addressOf(service: string, { schemes }: Transport): Address | undefined {
  if (!service.includes(":")) return undefined;
  const address = service.includes("://") ? service : `grpc://${service}`;
  try {
    if (schemes.includes(parseAddress(address).scheme)) return address;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
  throw new UsageError(
    `address "${address}": only ${schemes.map((scheme) => `${scheme}://`).join(", ")} can be called`,
  );
}
