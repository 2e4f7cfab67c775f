import type { Server } from "node:net";
import { Code, RpcError } from "../../../errors/errors.js";
import type { Clock } from "../../../time/time.js";
import type { ParsedAddress } from "../../address.js";
import { authorityOf } from "../../grpc/endpoint.js";
import type { Address } from "../../transport.js";
import { listen } from "./listen.js";
import { listenOnPath } from "./listen-on-path.js";

/** Has a server listen. @returns the address with the port that was bound. @throws RpcError UNAVAILABLE where it cannot be had */
export async function listenOn(
  server: Server,
  endpoint: ParsedAddress,
  address: Address,
  clock: Clock,
): Promise<Address> {
  const { scheme, host, port } = endpoint;
  try {
    if (port === undefined) {
      await listenOnPath(server, host, clock);
      return address;
    }
    await listen(server, { host, port });
    return `${scheme}://${authorityOf({ ...endpoint, port: (server.address() as { port: number }).port })}`;
  } catch (cause) {
    throw new RpcError(Code.UNAVAILABLE, `cannot listen on ${address}: ${(cause as Error).message}`, { cause });
  }
}
