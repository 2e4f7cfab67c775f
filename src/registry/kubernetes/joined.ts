import type { Instance } from "../../contract/contract.js";
import { byFamily } from "../authority.js";
import type { Slice } from "./slice.js";

/**
 * The instances of a service, whose pods are spread over its slices. A pod that is in several (one for each family of
 * addresses; or two, while it is moved from one to the other) counts once, with all its endpoints, IPv4 first; it drains
 * where one of them says so, since no pod comes back from that. Of two pods of one name the one that serves counts.
 *
 * @param slices those that changed last at the end
 */
export function joined(slices: Iterable<Slice>): readonly Instance[] {
  const pods = new Map<string, Instance>();
  for (const { members } of slices) {
    for (const { uid, instance } of members) {
      const key = `${instance.id}/${uid}`;
      const other = pods.get(key);
      pods.set(key, other === undefined ? instance : both(other, instance));
    }
  }
  const instances = new Map<string, Instance>();
  for (const pod of pods.values()) {
    const rival = instances.get(pod.id);
    if (rival === undefined || pod.state === "serving" || rival.state === "draining") instances.set(pod.id, pod);
  }
  return [...instances.values()];
}

function both(earlier: Instance, later: Instance): Instance {
  const endpoints = [...new Set([...earlier.endpoints, ...later.endpoints])].sort(byFamily);
  const state = earlier.state === "draining" ? "draining" : later.state;
  return { ...later, endpoints, state };
}
