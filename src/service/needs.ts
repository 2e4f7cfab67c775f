import { methodsOf, type ServiceDefinition } from "../contract/contract.js";
import type { ContractSpec, Need, NeedOptions, NeedSpec, NeedsSpec } from "./spec.js";

export function isContract(spec: ContractSpec | NeedSpec): spec is ServiceDefinition {
  return typeof (spec as ServiceDefinition | undefined)?.fullName === "string";
}

const placements = ["auto", "local", "remote"];

/** @throws TypeError for a need that cannot be, naming it */
export function resolveNeeds(owner: string, needs: NeedsSpec): readonly Need[] {
  return Object.entries(needs).map(([name, spec]) => {
    const given: NeedOptions = isContract(spec) ? { contract: spec } : spec;
    const { contract, service = name, external = false, placement = "auto", ...options } = given ?? {};
    try {
      methodsOf(contract);
    } catch (cause) {
      throw new TypeError(`${owner}: needs.${name}: ${(cause as Error).message}`, { cause });
    }
    if (!placements.includes(placement)) {
      throw new TypeError(
        `${owner}: needs.${name}.placement: expected ${placements.join(", ")}, was ${JSON.stringify(placement)}`,
      );
    }
    return { name, contract, service, external, placement, options };
  });
}
