import type { ListenOptions, Server } from "node:net";

/** Resolves once the server listens. @throws the error of the system where it cannot */
export function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
