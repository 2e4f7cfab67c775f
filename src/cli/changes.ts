import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../contract/contract.js";
import type { Snapshot } from "../registry/registry.js";
import { type Paint, printable } from "./paint.js";

const nobody: Omit<Snapshot, "service"> = { instances: [], stale: false };

/** What happened between two snapshots of a service, a line each: `+` came, `-` left, `~` changed, `!` the registry itself. */
export function changes(before: Snapshot | undefined, after: Snapshot, paint: Paint): readonly string[] {
  const { instances, stale } = before ?? nobody;
  const old = new Map(instances.map((instance) => [instance.id, instance]));
  const left = new Map(old);
  const lines: string[] = [];
  if (after.stale && !stale) lines.push(paint.warning(`! ${after.service}: the registry is away`));
  if (!after.stale && stale) lines.push(paint.good(`! ${after.service}: the registry is back`));
  for (const instance of after.instances) {
    const known = old.get(instance.id);
    left.delete(instance.id);
    if (known === undefined) lines.push(paint.good(printable(arrival(instance))));
    else if (!isDeepStrictEqual(known, instance)) lines.push(paint.warning(printable(alteration(known, instance))));
  }
  for (const { id } of left.values()) lines.push(paint.bad(printable(`- ${id}`)));
  return lines;
}

function arrival({ id, service, version, state, endpoints }: Instance): string {
  return `+ ${id}  ${service} ${version} ${state} ${endpoints.join(",")}`;
}

/** The state, and whatever else is another: `~ orders-3f9c serving weight=50`. */
function alteration(before: Instance, after: Instance): string {
  const others = (Object.keys(after) as (keyof Instance)[]).filter(
    (key) => key !== "state" && !isDeepStrictEqual(before[key], after[key]),
  );
  return [`~ ${after.id}  ${after.state}`, ...others.map((key) => `${key}=${JSON.stringify(after[key])}`)].join(" ");
}
