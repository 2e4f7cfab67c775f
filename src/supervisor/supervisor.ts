/**
 * Keeps processes running. Knows processes and what they say of themselves; nothing of services, servers or calls.
 *
 * Promises: a process starts when those it comes after are ready, and stops before they do; one that ends, freezes or
 * never becomes ready is replaced with a growing, jittered wait between tries, until it does so too often: then its group
 * gives up, stops what it has, and tells its parent, and who watches the root is told why. One that cannot be started at
 * all makes the start of its group fail. No process outlives the supervisor, however that ends. Demands of a process that
 * wants more than that: to speak `child-protocol.ts`, which `joinSupervisor` does.
 */
import type { Closeable } from "../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../time/time.js";
import { checkSpec } from "./check-spec.js";
import type { Launcher } from "./launcher/launcher.js";
import { processLauncher } from "./launcher/process-launcher.js";
import type { GroupSpec, ProcessSpec } from "./spec.js";
import type { ChildStatus, CrashReport, LogLine, SupervisorEvent } from "./status.js";
import { ComposedSupervisor } from "./tree/composed-supervisor.js";

export { type CallCounts, type JoinOptions, joinSupervisor, type SupervisorLink } from "./join/join.js";
export type { LaunchedProcess, Launcher, ProcessEnd, ProcessListener } from "./launcher/launcher.js";
export {
  doNotRestart,
  type GroupSpec,
  type Intensity,
  type ProcessSpec,
  type RestartPolicy,
  type Strategy,
} from "./spec.js";
export type {
  ChildState,
  ChildStats,
  ChildStatus,
  CrashReport,
  Exit,
  LogLine,
  SupervisorEvent,
} from "./status.js";
export { SupervisionError } from "./supervision-error.js";

export interface SupervisorOptions {
  /**
   * Makes the spec of a replica that `scale` adds to a group: `like` is the last process's, `name` the new name. For
   * processes that differ in more than their names. Default: `{ ...like, name }`.
   */
  readonly replica?: (like: ProcessSpec, name: string) => ProcessSpec;
  /** Where processes come from; opened by `start()`, closed with the supervisor. Default: this machine. */
  readonly launcher?: Launcher;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
}

export interface Supervisor extends Closeable {
  /**
   * Resolves once all are ready.
   *
   * @throws SupervisionError with a `CrashReport` where one cannot be, without one where it was closed first: all are
   * stopped then
   */
  start(): Promise<void>;
  /**
   * Resolves once nothing is kept running any more: with a report where the root gave up or could not start, or where the
   * last process ended badly and none is to be started again; without one after `close()`, or where all are done.
   */
  readonly ended: Promise<CrashReport | undefined>;
  children(): readonly ChildStatus[];
  /**
   * The last lines of all children, or of those named (children or groups), oldest first. At most 1 000 lines and 1 MiB a
   * child are kept.
   *
   * @throws RangeError for a name nobody has
   */
  lines(names?: readonly string[], limit?: number): readonly LogLine[];
  /**
   * Calls the listener with every line from now on. One that throws is called on, and warned of once
   * (`process.on("warning")`).
   */
  onLine(listener: (line: LogLine) => void): () => void;
  /** Calls the listener with every event from now on; one that throws as above. */
  onEvent(listener: (event: SupervisorEvent) => void): () => void;
  /**
   * Starts each of them again, one after the other: the new one is ready before the old one is asked to go. One that does
   * not run is started. Where none is named: all but those that were stopped or have ended for good.
   *
   * @throws RangeError for a name nobody has; SupervisionError where a new one does not become ready, or is stopped
   * before: the old one stays, and so do those whose turn had not come
   */
  restart(names?: readonly string[]): Promise<void>;
  /** Ends children or whole groups; they stay stopped until `restart` or `scale`. @throws RangeError for a name nobody has */
  stop(names: readonly string[]): Promise<void>;
  /**
   * Makes a group of like processes (`orders-1`, `orders-2`) smaller, from the highest number down, or larger. Of those that
   * stay, the stopped ones are started.
   *
   * @throws RangeError for a group nobody has; TypeError for a count that is no whole number from 0 up; SupervisionError
   * where the children are not numbered so, or one that stays comes after one that would leave, or a process that was to be
   * started does not become ready: then no new one stays, and the stopped ones are stopped again. Where a process is stopped
   * before it is ready, the others stay
   */
  scale(group: string, count: number): Promise<void>;
  /**
   * Asks a process something that it and the caller understand.
   *
   * @param payload JSON
   * @param timeoutMs Default: 10 000
   * @throws RangeError for a name nobody has; SupervisionError where it does not run, ends, fails or is late
   */
  ask(child: string, name: string, payload?: unknown, timeoutMs?: number): Promise<unknown>;
  /** Stops all in reverse order. */
  close(): Promise<void>;
}

/** Makes a supervisor. Begins no work before `start()`. @throws TypeError or RangeError for a spec that cannot be, naming what is wrong */
export function createSupervisor(spec: GroupSpec, options: SupervisorOptions = {}): Supervisor {
  checkSpec(spec);
  const { clock = systemClock, random = systemRandom, launcher = processLauncher({ clock }) } = options;
  return new ComposedSupervisor(spec, {
    replica: (like, name) => ({ ...like, name }),
    ...options,
    clock,
    random,
    launcher,
  });
}
