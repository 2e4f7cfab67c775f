import type { CrashReport, Exit } from "../status.js";

/** What stands in a group: a process or another group. */
export interface Member {
  readonly name: string;
  /** It is ready: those that come after it may start. */
  readonly up: boolean;
  /** It does not run and will not by itself: nobody waits for it. */
  readonly idle: boolean;
  /**
   * Resolves once it is up, or was stopped meanwhile, or with a report where it cannot be started: nothing of it is left
   * then. Does nothing where it is up or idle.
   */
  start(): Promise<CrashReport | undefined>;
  /** Resolves once nothing of it runs. */
  stop(): Promise<void>;
  /** Says what it does while it does not run. */
  rest(state: "waiting" | "backing-off"): void;
  /** Whether it is to be started again after such an end. */
  returnsAfter(exit: Exit): boolean;
  /** It has failed and is started again: how long to wait before, in ms. */
  backOff(): number;
  /** It has failed and stays down. */
  finish(report: CrashReport): void;
  /** Its whole group starts: it forgets that it ended for good by itself, and its next wait is the shortest. */
  startOver(): void;
}
