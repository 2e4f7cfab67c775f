import type { RegistryEvent, RegistryMonitor } from "../contract/contract.js";

/** A monitor that is not told of events of these types: somebody else tells of them, or there is nothing to tell. */
export function withoutEvents(monitor: RegistryMonitor, ...types: readonly RegistryEvent["type"][]): RegistryMonitor {
  return (event) => {
    if (!types.includes(event.type)) monitor(event);
  };
}
