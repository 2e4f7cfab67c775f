import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { Code, RpcError } from "../../../errors/errors.js";
import type { ParsedAddress } from "../../address.js";
import { authorityOf } from "../../grpc/endpoint.js";
import type { Address } from "../../transport.js";

/**
 * Has a server listen. The file of a unix socket that a dead server left behind is replaced, one in use is not.
 *
 * @returns the address with the port that was bound. @throws RpcError UNAVAILABLE where it cannot be had
 */
export async function listenOn(server: Server, endpoint: ParsedAddress, address: Address): Promise<Address> {
  const { scheme, host, port } = endpoint;
  try {
    if (port !== undefined) {
      await listen(server, { host, port });
      return `${scheme}://${authorityOf({ ...endpoint, port: (server.address() as { port: number }).port })}`;
    }
    try {
      await listen(server, { path: host });
    } catch (cause) {
      if (!isCode(cause, "EADDRINUSE") || !(await isAbandoned(host))) throw cause;
      await unlink(host);
      await listen(server, { path: host });
    }
    return address;
  } catch (cause) {
    throw new RpcError(Code.UNAVAILABLE, `cannot listen on ${address}: ${(cause as Error).message}`, { cause });
  }
}

function listen(server: Server, where: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A socket behind which nobody listens any more; a file of another kind is not ours to take away. */
async function isAbandoned(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const knock = connect({ path });
    knock.once("connect", () => {
      knock.destroy();
      resolve(false);
    });
    knock.once("error", (cause) => resolve(isCode(cause, "ECONNREFUSED")));
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
