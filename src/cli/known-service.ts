import { Code, RpcError } from "../errors/errors.js";
import type { Registry } from "../registry/registry.js";

/** @throws RpcError NOT_FOUND where the registry knows no such service, naming those it knows; UNAVAILABLE where it is away */
export async function requireService(registry: Registry, service: string): Promise<void> {
  const known = (await registry.list()).map(({ name }) => name);
  if (known.includes(service)) return;
  const others = known.length === 0 ? "nobody is registered there" : `there: ${known.join(", ")}`;
  throw new RpcError(Code.NOT_FOUND, `no service "${service}" in ${registry.name}; ${others}`);
}
