import type { Instance } from "../../contract/contract.js";
import { assembleRegistry } from "../assemble-registry.js";
import { notListedError } from "../failures.js";
import type { Registry } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { withoutEvents } from "../without-events.js";
import { EntryError, readEntries } from "./entries.js";
import { FileSource } from "./file-source.js";
import { resolveStaticOptions, type StaticRegistryOptions } from "./options.js";
import { written } from "./services-file.js";
import { codeSource, type Source } from "./source.js";

export type { StaticInstance, StaticServices } from "./entries.js";
export { parseStaticServices } from "./inline.js";
export type { StaticRegistryOptions } from "./options.js";

/**
 * A registry that is a list, in code or in a file, kept by a person or a deployment. The file may be changed, replaced,
 * deleted and put back at any time; while it makes no sense, the last that did stays, stale. Replace it by renaming
 * another, rather than write into it: who pauses in the middle of writing publishes half a list.
 *
 * @throws TypeError or RangeError for an option that cannot be, and for an entry of `services` that makes no sense
 */
export function staticRegistry(options: StaticRegistryOptions): Registry {
  const resolved = resolveStaticOptions(options);
  const { name, clock, logger, monitor } = resolved;
  const isFile = "file" in resolved.source;
  const source: Source =
    "file" in resolved.source
      ? new FileSource(resolved.source.file, resolved)
      : codeSource(entries(resolved.source.services));
  const watchers = new Watchers({
    registryName: name,
    clock,
    logger,
    monitor: isFile ? monitor : withoutEvents(monitor, "confirmed"), // a list in code has no age
    settleMs: 0, // nobody registers again after an outage: a file that is back is the truth
    follow: (feed) => source.follow(feed),
  });
  return assembleRegistry({
    name,
    capabilities: { register: false, lease: false, watch: "push" },
    registrar: "its list",
    watchers,
    async list() {
      try {
        return summarize(await source.instances());
      } catch (cause) {
        throw notListedError(name, cause, "put the file right");
      }
    },
    end: () => watchers.close(),
  });
}

/** @throws TypeError for what makes no sense */
function entries(services: unknown): readonly Instance[] {
  try {
    return readEntries(services);
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    throw new TypeError(`staticRegistry: services: ${written(error.path)}${error.message}`);
  }
}
