import type { Need, Placement, ServiceSpec } from "../spec.js";

/** Who can be called from a process. */
export interface InReach {
  /** Names of those that run in it. */
  readonly here: ReadonlySet<string>;
  /** Whether there is a registry that knows of others. */
  readonly elsewhere: boolean;
}

/** Whether a need can be met at all. @throws RangeError where it cannot, saying what is missing */
export function checkInReach(
  { name }: ServiceSpec,
  { service }: Need,
  placement: Placement,
  { here, elsewhere }: InReach,
): void {
  const what = `${name} needs ${service}`;
  const isHere = here.has(service);
  if (placement === "local" && !isHere)
    throw new RangeError(`${what} in this process (placement: local), and it does not run here`);
  if (elsewhere || (isHere && placement !== "remote")) return;
  throw new RangeError(
    placement === "remote"
      ? `${what} over the wire (placement: remote), and there is no registry to find it in; set HAWSER_REGISTRY`
      : `${what}, which does not run here, and there is no registry to find it in; set HAWSER_REGISTRY`,
  );
}
