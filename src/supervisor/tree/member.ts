import type { CrashReport, Exit } from "../status.js";

/** A process or a group, as the group around it (its parent) sees it. */
export interface Member {
  readonly name: string;
  /** The member is ready: the siblings that come after it may start. */
  readonly up: boolean;
  /** The member does not run and is not going to: siblings that come after it start without it. */
  readonly idle: boolean;
  /**
   * Resolves once the member is up, or was stopped meanwhile, or with a report where it cannot be started: none of its
   * processes is left then. Does nothing where the member is up or idle.
   */
  start(): Promise<CrashReport | undefined>;
  /** Resolves once no process of the member runs. */
  stop(): Promise<void>;
  /** What a member that does not run waits for, for its status. */
  rest(state: "waiting" | "backing-off"): void;
  /** Whether the member is to be started again after such an exit. */
  returnsAfter(exit: Exit): boolean;
  /** The member has failed and is started again. @returns how long to wait before, in ms */
  backOff(): number;
  /** The member has failed and stays down. */
  finish(report: CrashReport): void;
  /** The parent starts anew: the member forgets that it ended for good by itself, and its next wait is the shortest. */
  startOver(): void;
}
