import type { RegistryMonitor } from "../contract/contract.js";
import type { Feed } from "./service-view.js";

/** What follows a service begins anew: what is known is stale until it has, and the monitor is told. */
export function markInterrupted(feed: Feed, { monitor }: { readonly monitor: RegistryMonitor }): void {
  feed.markStale();
  monitor({ type: "watch-restart", service: feed.service });
}
