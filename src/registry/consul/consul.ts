import type { Instance } from "../../contract/contract.js";
import { assembleRegistry } from "../assemble-registry.js";
import { notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import { Registrations } from "../registrations.js";
import type { Registry } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { ConsulApi } from "./api.js";
import { ConsulKeeper } from "./keeper.js";
import { type ConsulRegistryOptions, consulHint, resolveConsulOptions } from "./options.js";
import { checkName, toRecord } from "./records.js";
import { readEntries, ServiceWatch } from "./service-watch.js";

export type { ConsulRegistryOptions, ConsulTls } from "./options.js";

/** How many services `list()` asks for at a time. */
const listedAtOnce = 16;

/** Consul's servers register themselves, as nobody's service. */
const consulItself = "consul";

/**
 * A registry in Consul (1.7 or newer), over the HTTP API of an agent. Reads services that others have registered too.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function consulRegistry(options: ConsulRegistryOptions = {}): Registry {
  const resolved = resolveConsulOptions(options);
  const { name, logger, clock, monitor, ttlMs } = resolved;
  const api = new ConsulApi(resolved);
  const base = { registryName: name, logger, clock, monitor };
  const registrations = new Registrations({
    ...base,
    hint: consulHint,
    check: (instance) => void toRecord(instance),
    keep: (kept) => new ConsulKeeper(kept, api, resolved),
  });
  const watchers = new Watchers({
    ...base,
    settleMs: ttlMs,
    follow: followBy((feed) => new ServiceWatch(feed, api, resolved)),
  });
  return assembleRegistry({
    name,
    capabilities: { register: true, lease: true, watch: "push" },
    registrar: registrations,
    watchers,
    checkService: checkName,
    async list() {
      try {
        return summarize(await everybody(api));
      } catch (reason) {
        throw notListedError(name, reason, consulHint);
      }
    },
    async end() {
      await Promise.all([registrations.close(), watchers.close()]);
      await api.close();
    },
  });
}

async function everybody(api: ConsulApi): Promise<readonly Instance[]> {
  const names = (await api.services()).filter((name) => name !== consulItself);
  const found: Instance[] = [];
  while (names.length > 0) {
    const some = names.splice(0, listedAtOnce);
    const read = async (name: string) => readEntries(name, (await api.health(name)).entries);
    found.push(...(await Promise.all(some.map(read))).flat());
  }
  return found;
}
