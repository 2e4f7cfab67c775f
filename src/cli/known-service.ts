import type { Instance } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Registry, Snapshot } from "../registry/registry.js";
import type { Clock } from "../time/time.js";

/** @throws RpcError NOT_FOUND where the registry knows no such service, naming those it knows; UNAVAILABLE where it is away */
export async function requireService(registry: Registry, service: string): Promise<void> {
  const known = (await registry.list()).map(({ name }) => name);
  if (known.includes(service)) return;
  const others = known.length === 0 ? "nobody is registered there" : `there: ${known.join(", ")}`;
  throw new RpcError(Code.NOT_FOUND, `no service "${service}" in ${registry.name}; ${others}`);
}

/** How long a registry that answered once may take to send the instances. */
const snapshotTimeoutMs = 5000;

/** @throws RpcError as `requireService` does; DEADLINE_EXCEEDED where the registry does not send them */
export async function instancesOf(registry: Registry, service: string, clock: Clock): Promise<readonly Instance[]> {
  await requireService(registry, service);
  return (await firstSnapshot(registry, service, clock)).instances;
}

function firstSnapshot(registry: Registry, service: string, clock: Clock): Promise<Snapshot> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(snapshotTimeoutMs, () => {
      const message = `${registry.name} did not send the instances of "${service}" within ${snapshotTimeoutMs} ms`;
      reject(new RpcError(Code.DEADLINE_EXCEEDED, message));
    });
    registry.watch(service, (snapshot) => {
      timer.cancel();
      resolve(snapshot);
    });
  });
}
