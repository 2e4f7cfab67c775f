import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { killRelatives, type Relative, relatives } from "../support/relatives.js";
import { Said } from "../support/said.js";

/** An example as a person starts it from a shell: with a process group of its own. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #said: Said;
  /** In its environment, and in that of whatever it starts. */
  readonly #mark = randomUUID();
  /** Resolves with its exit code, once all of its output has come. */
  readonly ended: Promise<number | null>;

  /** @param file from the root of the repository, e.g. `examples/greeter/server.ts` */
  constructor(file: string, args: readonly string[] = [], env: { readonly [name: string]: string } = {}) {
    this.#process = spawn(process.execPath, [...(file.endsWith(".ts") ? ["--import", "tsx"] : []), file, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ...env, PROGRAM_MARK: this.#mark },
    });
    this.#said = new Said(this.#process);
    this.ended = new Promise((resolve) => this.#process.once("close", resolve));
  }

  get stdout(): string {
    return this.#said.out;
  }

  get stderr(): string {
    return this.#said.err;
  }

  /** Resolves with the match once it has said so, on either stream. @throws Error where it ends before */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#said.says(pattern, this.ended);
  }

  /** To it alone, or as Ctrl-C does: to it and everything it has started. */
  signal(signal: NodeJS.Signals, to: "itself" | "group" = "itself"): void {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      process.kill(to === "group" ? -this.#process.pid! : this.#process.pid!, signal);
    }
  }

  /** What is alive of all it has started, itself included, whatever group they are in. */
  family(): readonly Relative[] {
    return relatives(this.#variable);
  }

  get #variable(): string {
    return `PROGRAM_MARK=${this.#mark}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    killRelatives(this.#variable);
    await this.ended;
  }
}
