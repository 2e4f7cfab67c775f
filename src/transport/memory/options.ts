import type { Clock } from "../../time/time.js";

/** What both ends of an exchange share. */
export interface ResolvedMemoryOptions {
  readonly maxReceiveBytes: number;
  readonly clock: Clock;
}
