import { assembleRegistry } from "../assemble-registry.js";
import { notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import { Registrations } from "../registrations.js";
import type { Registry } from "../registry.js";
import { Watchers } from "../watchers.js";
import { HawserKeeper } from "./keeper.js";
import { type HawserRegistryOptions, hawserHint, resolveHawserOptions } from "./options.js";
import { HawserWatch } from "./watch.js";

export { RegistryServiceDefinition } from "../../gen/hawser/registry/v1/registry.js";
export { type RegistryHandlersOptions, registryHandlers } from "./handlers.js";
export type { HawserRegistryOptions } from "./options.js";

/**
 * A registry kept by a Hawser server: `hawser registry`, or any server that serves `registryHandlers()`.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function hawserRegistry(options: HawserRegistryOptions): Registry {
  const resolved = resolveHawserOptions(options);
  const { name, client, logger, clock, monitor, ttlMs } = resolved;
  const base = { registryName: name, logger, clock, monitor };
  const registrations = new Registrations({
    ...base,
    hint: hawserHint,
    keep: (kept) => new HawserKeeper(kept, resolved),
  });
  const watchers = new Watchers({
    ...base,
    settleMs: ttlMs,
    follow: followBy((feed) => new HawserWatch(feed, resolved)),
  });
  return assembleRegistry({
    name,
    capabilities: { register: true, lease: true, watch: "push" },
    registrar: registrations,
    watchers,
    async list() {
      try {
        return (await client.list({})).services;
      } catch (cause) {
        throw notListedError(name, cause, hawserHint);
      }
    },
    async end() {
      await Promise.all([registrations.close(), watchers.close()]);
    },
  });
}
