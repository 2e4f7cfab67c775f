import { checkClientOptions } from "../client/client.js";
import { methodsOf, type ServiceDefinition } from "../contract/contract.js";
import { checkName } from "./options.js";
import type { ContractSpec, Need, NeedOptions, NeedSpec, NeedsSpec, Placement } from "./spec.js";

export function isContract(spec: ContractSpec | NeedSpec): spec is ServiceDefinition {
  return typeof (spec as ServiceDefinition | undefined)?.fullName === "string";
}

const placements: readonly unknown[] = ["auto", "local", "remote"];

export function isPlacement(value: unknown): value is Placement {
  return placements.includes(value);
}

/** @throws TypeError for what is none, naming the option */
export function checkPlacement(option: string, placement: unknown): asserts placement is Placement {
  if (isPlacement(placement)) return;
  throw new TypeError(`${option}: expected ${placements.join(", ")}, was ${JSON.stringify(placement)}`);
}

/** @throws TypeError for a need that cannot be, naming it */
export function resolveNeeds(owner: string, needs: NeedsSpec): readonly Need[] {
  return Object.entries(needs).map(([name, spec]) => {
    const given: NeedOptions = isContract(spec) ? { contract: spec } : spec;
    const { contract, service = name, external = false, placement = "auto", ...options } = given ?? {};
    if ("kind" in options) {
      throw new TypeError(`${owner}: needs.${name}: expected a contract, was a service; name the contract it serves`);
    }
    try {
      methodsOf(contract);
      checkClientOptions(options);
    } catch (cause) {
      throw new TypeError(`${owner}: needs.${name}: ${(cause as Error).message}`, { cause });
    }
    checkName(`${owner}: needs.${name}.service`, service);
    checkPlacement(`${owner}: needs.${name}.placement`, placement);
    return { name, contract, service, external, placement, options };
  });
}
