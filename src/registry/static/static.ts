import type { Instance } from "../../contract/contract.js";
import { closedError, notListedError, notRegisteredHereError } from "../failures.js";
import type { Registration, Registry, RegistryCapabilities, ServiceSummary, Snapshot, Watch } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { withoutEvents } from "../without-events.js";
import { EntryError, readEntries } from "./entries.js";
import { FileSource } from "./file-source.js";
import { type ResolvedStaticOptions, resolveStaticOptions, type StaticRegistryOptions } from "./options.js";
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
  return new StaticRegistry(resolveStaticOptions(options));
}

class StaticRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: false, lease: false, watch: "push" };
  readonly #source: Source;
  readonly #watchers: Watchers;
  #closed = false;

  constructor(options: ResolvedStaticOptions) {
    const { name, source, clock, logger, monitor } = options;
    this.name = name;
    this.#source = "file" in source ? new FileSource(source.file, options) : codeSource(entries(source.services));
    // Nobody registers again after an outage: a file that is back is the truth.
    const settleMs = 0;
    this.#watchers = new Watchers({
      registryName: name,
      clock,
      logger,
      monitor: "file" in source ? monitor : withoutEvents(monitor, "confirmed"), // a list in code has no age
      settleMs,
      follow: (feed) => this.#source.follow(feed),
    });
  }

  async register(_instance: Instance): Promise<Registration> {
    if (this.#closed) throw closedError(this.name);
    throw notRegisteredHereError(this.name, "its list");
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#watchers.watch(service, onSnapshot);
  }

  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed) throw closedError(this.name);
    try {
      return summarize(await this.#source.instances());
    } catch (cause) {
      throw notListedError(this.name, cause, "put the file right");
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watchers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
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
