import { getEventListeners } from "node:events";

/** How many hear of a signal: its listeners, and what `AbortSignal.any()` has made of it, which Node 20 keeps for ever. */
export function hearersOf(signal: AbortSignal): number {
  const made = Object.getOwnPropertySymbols(signal).find(({ description }) => description === "kDependantSignals");
  const dependants = made && (signal as unknown as Record<symbol, ReadonlySet<unknown> | undefined>)[made];
  return getEventListeners(signal, "abort").length + (dependants?.size ?? 0);
}
