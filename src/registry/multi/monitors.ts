import type { RegistryMonitor } from "../../contract/contract.js";
import { withoutEvents } from "../without-events.js";

/**
 * What each of several registries tells of itself: renewals, changes, restarts, and that it has confirmed a picture. How
 * registrations and pictures stand is for the whole to say.
 */
export function memberMonitor(monitor: RegistryMonitor): RegistryMonitor {
  return withoutEvents(monitor, "registration", "watched", "snapshot", "unwatched");
}

/** What several registries tell as one. A change counts where it was seen, and what one has confirmed is as old as that. */
export function wholeMonitor(monitor: RegistryMonitor): RegistryMonitor {
  return withoutEvents(monitor, "changes", "confirmed");
}
