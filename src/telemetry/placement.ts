import type { HandlerCall, Instance } from "../contract/contract.js";

/** Whether a call stayed in this process or crossed a wire. */
export type Placement = "local" | "remote";

/**
 * Where a client finds an instance. One that may be called in process carries a `memory:` endpoint in the eyes of that
 * client, and of no other.
 */
export function placementOf(instance: Instance): Placement {
  for (const endpoint of instance.endpoints) if (endpoint.startsWith("memory:")) return "local";
  return "remote";
}

/** Where a caller is. */
export function placementOfCaller(call: HandlerCall): Placement {
  return call.peer === "memory" ? "local" : "remote";
}
