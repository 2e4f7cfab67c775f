import { ContextKey } from "../contract/contract.js";

/** Ids of the instances a call has failed on: whoever picks avoids them, whoever retries sees whether there was another. */
export const triedInstances: ContextKey<Set<string> | undefined> = new ContextKey("triedInstances", undefined);
