import { ContextKey } from "../contract/contract.js";

/** What a call has met with so far: whoever picks avoids these, whoever retries sees whether there is somebody else. */
export interface TriedInstances {
  /** Ids of the instances it failed on. */
  readonly ids: Set<string>;
  /** Whether somebody it has not tried can be called. */
  othersLeft: boolean;
}

export const triedInstances: ContextKey<TriedInstances | undefined> = new ContextKey("triedInstances", undefined);
