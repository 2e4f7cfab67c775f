import type { Instance } from "../../contract/contract.js";
import { assembleRegistry } from "../assemble-registry.js";
import { notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import { Registrations } from "../registrations.js";
import type { Registry } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { readChild } from "./child.js";
import { toRpcError, zookeeperHint } from "./failures.js";
import { ZooKeeperKeeper } from "./keeper.js";
import { NodeRemoval } from "./node-removal.js";
import { Nodes } from "./nodes.js";
import { resolveZooKeeperOptions, type ZooKeeperRegistryOptions } from "./options.js";
import { ServiceWatch } from "./service-watch.js";
import { Session } from "./session.js";

export type { ZooKeeperRegistryOptions } from "./options.js";

/**
 * A registry in ZooKeeper (3.4 or newer): an ephemeral node an instance, all of one session. Needs no package.
 *
 * @throws TypeError or RangeError for an option that cannot be
 */
export function zookeeperRegistry(options: ZooKeeperRegistryOptions): Registry {
  const resolved = resolveZooKeeperOptions(options);
  const { name, logger, clock, monitor, ttlMs } = resolved;
  const session = new Session(resolved);
  const nodes = new Nodes(resolved);
  const removal = new NodeRemoval(session);
  const base = { registryName: name, logger, clock, monitor };
  const registrations = new Registrations({
    ...base,
    hint: zookeeperHint,
    check: (instance) => void nodes.of(instance),
    keep: (kept) => new ZooKeeperKeeper(kept, { session, options: resolved, nodes, removal }),
  });
  const watchers = new Watchers({
    ...base,
    settleMs: ttlMs,
    follow: followBy((feed) => new ServiceWatch(feed, session, nodes, resolved)),
  });
  return assembleRegistry({
    name,
    capabilities: { register: true, lease: true, watch: "push" },
    registrar: registrations,
    watchers,
    checkService: (service) => void nodes.ofService(service),
    async list() {
      try {
        return summarize(await everybody(session, nodes));
      } catch (reason) {
        throw notListedError(name, toRpcError(reason, resolved), zookeeperHint);
      }
    },
    /** The nodes go with the session, and whatever waits for an answer with its connection. */
    async end() {
      const leave = async () => {
        const stopping = [...registrations].map((keeper) => keeper.stop());
        await Promise.all([removal.close(), ...stopping]);
      };
      await Promise.all([registrations.close(leave), watchers.close(), session.close()]);
    },
  });
}

async function everybody(session: Session, nodes: Nodes): Promise<readonly Instance[]> {
  const connection = await session.connection();
  const below = async (path: string) => ((await connection.children(path)) ?? []).map((name) => `${path}/${name}`);
  const paths = (await Promise.all((await below(nodes.prefix)).map(below))).flat();
  const read = async (path: string) => (await readChild(connection, nodes, path))?.instance ?? [];
  return (await Promise.all(paths.map(read))).flat();
}
