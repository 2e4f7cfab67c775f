import type { Registry } from "../registry/registry.js";
import { type OpenRegistryOptions, openRegistry } from "../service/open-registry.js";
import { UsageError } from "./failure.js";
import type { Terminal } from "./terminal.js";

/**
 * Opens the registry the command was told of, and closes it whatever comes of it.
 *
 * @throws UsageError for a URL that is none
 */
export async function withRegistry<T>(terminal: Terminal, use: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = registryOf(await terminal.registryUrl());
  try {
    return await use(registry);
  } finally {
    const closed = registry.close();
    if (!terminal.io.signal.aborted) await closed; // who interrupts does not want to wait
  }
}

/** The registry a command was told of. @throws UsageError for a URL that is none */
export function registryOf(url: string, options?: OpenRegistryOptions): Registry {
  try {
    return openRegistry(url, options);
  } catch (cause) {
    if (cause instanceof TypeError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}
