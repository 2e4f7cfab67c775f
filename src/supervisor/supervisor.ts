/**
 * Keeps processes running. Knows processes and what they say of themselves; nothing of services, servers or calls.
 *
 * Promises: a process starts when those it comes after are ready, and stops before they do; one that ends, freezes or
 * never becomes ready is replaced with a growing, jittered wait between tries, until it does so too often: then its group
 * gives up, stops what it has, and tells its parent, and who watches the root is told why. No process outlives the
 * supervisor, however that ends. Demands of a process that wants more than that: to speak `child-protocol.ts`.
 */
import type { Closeable } from "../contract/contract.js";

/**
 * `permanent`: whenever it ends. `transient`: where it ends with anything but code 0. `temporary`: never. One that ends with
 * `doNotRestart` is not, whatever stands here.
 */
export type RestartPolicy = "permanent" | "transient" | "temporary";

/** A process that ends with this code (EX_CONFIG of sysexits.h) says that starting it again will not help. */
export const doNotRestart = 78;

export interface ProcessSpec {
  /** Unique in the tree: `orders-1`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** On top of this process's own environment. Default: nothing. */
  readonly env?: { readonly [name: string]: string };
  /** Default: this process's own. */
  readonly cwd?: string;
  /** Siblings, by name, that must be ready before this one starts. Default: all that stand before it. */
  readonly after?: readonly string[];
  /** Default: `permanent`. */
  readonly restart?: RestartPolicy;
  /** Whether it speaks the child protocol: ready when it says so, pinged, measured. Else it is ready once it runs. Default: true. */
  readonly protocol?: boolean;
  /** How long it may take to be ready, in ms. Default: 30 000. */
  readonly readyTimeoutMs?: number;
  /** How long it may take to end after SIGTERM before its process group gets SIGKILL, in ms. Default: 30 000. */
  readonly stopTimeoutMs?: number;
}

/**
 * What happens to the siblings of a child that is started again. `one_for_one`: nothing. `one_for_all`: all of them are.
 * `rest_for_one`: those that stand after it are. (Erlang/OTP's names.)
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** More than `restarts` within `withinMs`, and the group gives up. */
export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

export interface GroupSpec {
  /** Unique in the tree: `orders`. */
  readonly name: string;
  readonly children: readonly (ProcessSpec | GroupSpec)[];
  /** Siblings, by name, that must be ready before this one starts. Default: all that stand before it. */
  readonly after?: readonly string[];
  /** Default: `one_for_one`. */
  readonly strategy?: Strategy;
  /** Default: 5 restarts in 30 s. 0 restarts: the first failure ends the group. */
  readonly intensity?: Intensity;
}

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
  /** Why it was ended, where the supervisor did it: `did not become ready within 30 s (last step: …)`, `frozen: …`. */
  readonly reason?: string;
  /** The last it wrote, oldest first. */
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

/** Something that happened to a child. */
export interface SupervisorEvent {
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

export interface Supervisor extends Closeable {
  /** Resolves once all are ready. @throws SupervisionError with a `CrashReport` where one cannot be: all are stopped then */
  start(): Promise<void>;
  /** Resolves once nothing is kept running any more: with a report where the root gave up, without one after `close()`. */
  readonly ended: Promise<CrashReport | undefined>;
  children(): readonly ChildStatus[];
  /** The last lines of all children, or of those named (children or groups), oldest first. At most 1 000 a child are kept. */
  lines(names?: readonly string[], limit?: number): readonly LogLine[];
  onLine(listener: (line: LogLine) => void): () => void;
  onEvent(listener: (event: SupervisorEvent) => void): () => void;
  /** Starts each of them again, one after the other: the new one is ready before the old one is asked to go. All where none is named. @throws RangeError for a name nobody has; SupervisionError where a new one does not become ready: the old one stays */
  restart(names?: readonly string[]): Promise<void>;
  /** Ends children or whole groups; they stay stopped until `restart`. @throws RangeError for a name nobody has */
  stop(names: readonly string[]): Promise<void>;
  /** Makes a group of like processes (`orders-1`, `orders-2`) smaller or larger. @throws RangeError for a group nobody has, or a count below 0 */
  scale(group: string, count: number): Promise<void>;
  /** Stops all in reverse order. */
  close(): Promise<void>;
}
