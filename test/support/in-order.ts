import type { Instance } from "../../src/contract/contract.js";
import type { Outcome, SelectorFactory } from "../../src/selector/selector.js";

export interface Picked {
  readonly id: string;
  outcome: Outcome | undefined;
}

/** Always the first instance by id that is not to be avoided; `picked` tells whom it was and what came of it. */
export function inOrder(picked: Picked[] = []): SelectorFactory {
  return () => {
    let instances: readonly Instance[] = [];
    return {
      name: "inOrder",
      update: (all) => {
        instances = all.toSorted((a, b) => a.id.localeCompare(b.id));
      },
      pick: ({ avoid }) => {
        const instance = instances.find(({ id }) => !avoid.has(id)) ?? instances[0];
        if (instance === undefined) return undefined;
        const entry: Picked = { id: instance.id, outcome: undefined };
        picked.push(entry);
        return {
          instance,
          done: (outcome) => {
            if (entry.outcome !== undefined) throw new Error(`${entry.id}: done twice`);
            entry.outcome = outcome;
          },
        };
      },
    };
  };
}
