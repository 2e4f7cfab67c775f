import type { Logger, RegistryMonitor } from "../contract/contract.js";

/**
 * The same monitor, of whose failures nobody hears who only tells it something: the first is logged as an error, the others
 * for debugging.
 *
 * @param monitor Default: nobody is told
 */
export function guarded(monitor: RegistryMonitor | undefined, logger: Logger): RegistryMonitor {
  if (monitor === undefined) return () => {};
  let level: "error" | "debug" = "error";
  return (event) => {
    try {
      monitor(event);
    } catch (err) {
      logger[level]({ err, event: event.type }, "the monitor of the registry threw");
      level = "debug";
    }
  };
}
