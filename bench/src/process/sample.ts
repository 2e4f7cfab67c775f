import { type Memory, memory } from "./memory.js";

/** What a process holds while nothing is asked of it. */
export interface Sample extends Memory {
  /** Sockets, timers and whatever else keeps the event loop alive. */
  readonly handles: number;
}

export function sample(): Sample {
  return { ...memory(), handles: process.getActiveResourcesInfo().length };
}
