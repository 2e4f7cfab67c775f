import type { Steps } from "../contract/contract.js";

/**
 * Tells a caller's stream that nobody reads on: a generator runs its `finally`, and what it throws there changes nothing.
 * False where it could not be told: a generator that ends its own call is amid a step, and is to be told after it.
 */
export function stopSteps(steps: Steps): boolean {
  try {
    void Promise.resolve(steps.return?.()).catch(() => {});
    return true;
  } catch {
    return false;
  }
}
