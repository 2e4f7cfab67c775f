import type { Instance } from "../contract/contract.js";
import type { ServiceSummary } from "./registry.js";

/** What `list()` says of these instances, by service name. */
export function summarize(instances: Iterable<Instance>): readonly ServiceSummary[] {
  const services = new Map<string, { versions: Set<string>; instances: number }>();
  for (const { service, version } of instances) {
    const summary = services.get(service) ?? { versions: new Set(), instances: 0 };
    services.set(service, summary);
    summary.versions.add(version);
    summary.instances += 1;
  }
  return [...services]
    .map(([name, { versions, instances: count }]) => ({ name, versions: [...versions].sort(), instances: count }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
