/** A process beside this one, on a core of its own where the machine has one to give. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Answer } from "./child.js";

/** Whether processes are pinned: there is `taskset`, and a core for each of two. */
export const pinned: boolean = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;

export interface ProcessOptions {
  /** For error messages: `nestjs server`. */
  readonly name: string;
  /** Beside this folder: `server-process.js`. */
  readonly script: string;
  readonly args: readonly string[];
  /** Undefined: wherever there is room. */
  readonly core: number | undefined;
  /** Where to write a CPU profile when it ends. */
  readonly profileDir: string | undefined;
}

export class Process {
  readonly #name: string;
  readonly #child: ChildProcess;

  constructor({ name, script, args, core, profileDir }: ProcessOptions) {
    const profile =
      profileDir === undefined
        ? []
        : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${name.replace(/\W+/g, "-")}.cpuprofile`];
    const node = [process.execPath, ...profile, fileURLToPath(new URL(`../${script}`, import.meta.url)), ...args];
    const [program = process.execPath, ...rest] =
      pinned && core !== undefined ? ["taskset", "-c", String(core), ...node] : node;
    this.#name = name;
    this.#child = spawn(program, rest, { stdio: ["ignore", 2, 2, "ipc"] });
  }

  /**
   * @param withinMs how long the answer may take; who is slower hangs, and is killed
   * @throws Error where the command fails, the process ends, or the answer does not come
   */
  async ask<T>(command: string, argument?: unknown, withinMs = 120_000): Promise<T> {
    const ended = new AbortController();
    const answered = once(this.#child, "message", ended).then(([answer]: Answer[]) => answer);
    const exited = once(this.#child, "exit", ended).then(
      ([code, signal]): Answer => ({ error: `it ended (${signal ?? code}) instead of answering "${command}"` }),
    );
    answered.catch(() => {});
    exited.catch(() => {});
    const late = setTimeout(() => this.#child.kill("SIGKILL"), withinMs);
    this.#child.send({ command, argument });
    const answer = await Promise.race([answered, exited]);
    clearTimeout(late);
    ended.abort();
    if (answer?.error !== undefined) throw new Error(`${this.#name}: ${answer.error}`);
    return answer?.value as T;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }
}
