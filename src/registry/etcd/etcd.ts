import type { Registry } from "../registry.js";
import { EtcdConnection } from "./connection/connection.js";
import { EtcdRegistry } from "./etcd-registry.js";
import { type EtcdRegistryOptions, resolveEtcdOptions } from "./options.js";

export type { EtcdLayout, Keys } from "./layout.js";
export { etcdNamingLayout } from "./layouts/etcd-naming.js";
export { goMicroLayout } from "./layouts/go-micro.js";
export { goZeroLayout } from "./layouts/go-zero.js";
export { hawserLayout } from "./layouts/hawser.js";
export { kratosLayout } from "./layouts/kratos.js";
export type { EtcdCredentials, EtcdRegistryOptions } from "./options.js";

/**
 * A registry in etcd v3 (3.4 or newer). Needs the packages `etcd3` and `@grpc/grpc-js`, which are loaded at first use.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function etcdRegistry(options: EtcdRegistryOptions): Registry {
  const resolved = resolveEtcdOptions(options);
  return new EtcdRegistry(new EtcdConnection(resolved), resolved);
}
