export type ChildState =
  /** For those it comes after. */
  | "waiting"
  | "starting"
  | "ready"
  | "stopping"
  /** It ended, and is started again after a wait. */
  | "backing-off"
  /** It ended, or was stopped, and stays so. */
  | "stopped";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it was ended, where the supervisor did it (`did not become ready within 30 s (last step: …)`), or why it never ran. */
  readonly reason?: string;
  /** The last it wrote, oldest first; 15 at most. */
  readonly lastLines: readonly string[];
}

/** What a process that speaks the child protocol tells of itself, once a second. Rates are of the last interval. */
export interface ChildStats {
  /** Share of one core, from 0 up. */
  readonly cpu: number;
  /** Resident set, in bytes. */
  readonly memoryBytes: number;
  /** 99th percentile, in ms. */
  readonly eventLoopDelayMs: number;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Of the calls it served, in ms; undefined where there were none. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface ChildStatus {
  readonly name: string;
  /** The group it stands in. */
  readonly group: string;
  readonly state: ChildState;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** How often it was started again after it had ended by itself, since the supervisor started. */
  readonly restarts: number;
  /** When the process that runs now was started, in ms since the epoch. */
  readonly startedAt: number | undefined;
  /** The last step it told of while starting: `setting up orders`. */
  readonly step: string | undefined;
  readonly lastExit: Exit | undefined;
  readonly stats: ChildStats | undefined;
}

/** One line that a child wrote. */
export interface LogLine {
  readonly child: string;
  readonly group: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** ms since the epoch. */
  readonly time: number;
}

/** Something that happened to a child or a group. */
export interface SupervisorEvent {
  /** The child's name; the group's where a group starts again (`restarting`) or has given up (`gave-up`). */
  readonly child: string;
  readonly type: "started" | "ready" | "exited" | "restarting" | "stopping" | "stopped" | "frozen" | "gave-up";
  /** For people, one line. */
  readonly text: string;
  readonly exit?: Exit;
}

/** Why the root gave up: a child that ended too often, or cannot be started. */
export interface CrashReport {
  /** The child it was about. */
  readonly child: string;
  readonly restarts: number;
  readonly exit: Exit;
  /** The whole of it for people: who, how often, how it ended, its last lines, what to do. */
  readonly text: string;
}
