import type { Closeable } from "../../contract/contract.js";
import type { ProcessSpec } from "../spec.js";
import type { LogLine } from "../status.js";

/** How a process ended, as the system tells it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it never ran: `there is no command "nodde" (looked for in PATH)`. */
  readonly error?: string;
}

/** A process and all it starts in its process group. Nothing here throws: what is sent to one that has ended is lost. */
export interface LaunchedProcess {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  /** Resolves once it has ended, nothing of its group is left, and all its lines are told. */
  readonly ended: Promise<ProcessEnd>;
  send(message: object): void;
  /** Asks the process to end. */
  terminate(): void;
  /** Ends the whole group at once. */
  kill(): void;
}

export interface ProcessListener {
  line(stream: LogLine["stream"], text: string): void;
  /** Whatever came along the channel; only of a process that speaks the protocol. */
  message(value: unknown): void;
}

/** Where processes come from. Demands of a launcher: no process outlives it, however it ends. */
export interface Launcher extends Closeable {
  /** Before the first `launch`. @throws Error where it cannot keep what it promises */
  open(): Promise<void>;
  /** Never throws. `listener` is not called before this has returned. */
  launch(spec: ProcessSpec, listener: ProcessListener): LaunchedProcess;
}
