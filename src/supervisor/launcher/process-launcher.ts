import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { type Clock, systemClock, type Timer } from "../../time/time.js";
import { nameVariable } from "../child-protocol.js";
import type { ProcessSpec } from "../spec.js";
import { Guard } from "./guard.js";
import type { LaunchedProcess, Launcher, ProcessEnd, ProcessListener } from "./launcher.js";
import { LogLines } from "./log-lines.js";

export interface ProcessLauncherOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: a new one. */
  readonly guard?: Guard;
}

/**
 * Processes of this machine. Each leads a process group and a session of its own: the terminal's Ctrl-C does not reach it,
 * and what it has started ends with it. Whatever leaves that group (a daemon that calls setsid) is out of reach.
 */
export function processLauncher(options: ProcessLauncherOptions = {}): Launcher {
  const { clock = systemClock, guard = new Guard({ clock }) } = options;
  const close = (): Promise<void> => guard.close();
  return {
    open: () => guard.open(),
    launch: (spec, listener) => new SpawnedProcess(spec, listener, guard, clock),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How long after the end of a process its output may still come, in ms: its group is dead, so only strangers hold the pipes. */
const outputGraceMs = 1_000;

class SpawnedProcess implements LaunchedProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #process: ChildProcess | undefined;
  readonly #guard: Guard;
  readonly #clock: Clock;
  #over = false;

  constructor(spec: ProcessSpec, listener: ProcessListener, guard: Guard, clock: Clock) {
    this.#guard = guard;
    this.#clock = clock;
    const started = trySpawn(spec);
    if (started instanceof Error) {
      this.ended = Promise.resolve({ code: null, signal: null, error: explain(started, spec) });
      return;
    }
    this.#process = started;
    if (started.pid === undefined) {
      this.ended = new Promise((resolve) => {
        started.once("error", (error) => resolve({ code: null, signal: null, error: explain(error, spec) }));
      });
      return;
    }
    guard.add(started.pid);
    started.on("error", () => {}); // of messages and signals to one that has just ended
    started.on("message", (value) => listener.message(value));
    const outputs = [readLines(started, "stdout", listener), readLines(started, "stderr", listener)];
    this.ended = this.#whenEnded(started, started.pid).then((end) => {
      for (const lines of outputs) lines.end();
      return end;
    });
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  send(message: object): void {
    if (this.#process?.connected) this.#process.send(message, () => {});
  }

  terminate(): void {
    if (!this.#over) this.#process?.kill("SIGTERM");
  }

  kill(): void {
    if (!this.#over && this.pid !== undefined) killGroup(this.pid);
  }

  #whenEnded(started: ChildProcess, pid: number): Promise<ProcessEnd> {
    return new Promise((resolve) => {
      started.once("exit", (code, signal) => {
        this.#over = true;
        killGroup(pid); // what it has left behind
        this.#guard.remove(pid);
        const done = (): void => {
          timer.cancel();
          started.stdout?.destroy();
          started.stderr?.destroy();
          if (started.connected) started.disconnect();
          resolve({ code, signal });
        };
        const timer: Timer = this.#clock.timer(outputGraceMs, done);
        started.once("close", done);
      });
    });
  }
}

/** Most failures come by an event, some (too many open files, an argument with a zero byte) at once. */
function trySpawn(spec: ProcessSpec): ChildProcess | Error {
  const { name, command, args, env, cwd, protocol = true } = spec;
  try {
    return spawn(command, args, {
      cwd,
      env: { ...process.env, [nameVariable]: protocol ? name : undefined, ...env },
      detached: true,
      stdio: protocol ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return error as Error;
  }
}

function readLines(from: ChildProcess, stream: "stdout" | "stderr", listener: ProcessListener): LogLines {
  const lines = new LogLines((text) => listener.line(stream, text));
  from[stream]?.on("data", (bytes: Buffer) => lines.push(bytes));
  from[stream]?.on("error", () => {});
  return lines;
}

/** A group that is empty already is as good. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH, and on macOS EPERM where only the dead are left
  }
}

/** The system says ENOENT for a missing folder too, and names the command. */
function explain(error: NodeJS.ErrnoException, { command, cwd }: ProcessSpec): string {
  if (cwd !== undefined && !isFolder(cwd))
    return `cannot be started: there is no folder ${JSON.stringify(cwd)} to start it in`;
  if (error.code === "ENOENT") {
    const where = command.includes("/") ? "" : " (looked for in PATH)";
    return `cannot be started: there is no command ${JSON.stringify(command)}${where}`;
  }
  if (error.code === "EACCES") return `cannot be started: ${JSON.stringify(command)} may not be executed`;
  return `cannot be started: ${error.message}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
