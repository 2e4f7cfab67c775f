/**
 * What can be done to every call, whatever its contract: each is a function of its options that gives a `Middleware`.
 *
 * Promises: the first listed is the outermost, on client and server alike; a middleware passes on what it does not
 * understand, and never swallows an error it does not handle.
 */
import type { Invoke, Middleware } from "../contract/contract.js";

/** Wraps `invoke` so that the first of `middleware` is the outermost. What one throws at once rejects the call. */
export function compose(middleware: readonly Middleware[], invoke: Invoke): Invoke {
  return middleware.reduceRight((next, wrap) => rejecting(wrap(next)), invoke);
}

function rejecting(invoke: Invoke): Invoke {
  return (call) => {
    try {
      return invoke(call);
    } catch (reason) {
      return Promise.reject(reason);
    }
  };
}

export { type RetryOptions, retry } from "./retry.js";
export { RetryBudget, type RetryBudgetOptions } from "./retry-budget.js";
export { type TriedInstances, triedInstances } from "./tried-instances.js";
