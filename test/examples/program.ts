import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { type Relative, relatives } from "../support/relatives.js";

/** An example as a person starts it from a shell: with a process group of its own. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  #stdout = "";
  #stderr = "";
  readonly #waiting = new Set<() => void>();
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
    this.#process.stdout!.on("data", (data) => {
      this.#stdout += data;
      for (const look of this.#waiting) look();
    });
    this.#process.stderr!.on("data", (data) => {
      this.#stderr += data;
      for (const look of this.#waiting) look();
    });
    this.ended = new Promise((resolve) => this.#process.once("close", resolve));
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with the match once it has said so, on either stream. @throws Error where it ends before */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const find = () => pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
    let look!: () => void;
    const said = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const found = find();
        if (found !== null) resolve(found);
      };
    });
    this.#waiting.add(look);
    look();
    const silent = this.ended.then((code) => {
      throw new Error(`it ended with ${code} and never said ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
    });
    try {
      return await Promise.race([said, silent]);
    } finally {
      this.#waiting.delete(look);
    }
  }

  /** To it alone, or as Ctrl-C does: to it and everything it has started. */
  signal(signal: NodeJS.Signals, to: "itself" | "group" = "itself"): void {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      process.kill(to === "group" ? -this.#process.pid! : this.#process.pid!, signal);
    }
  }

  /** What is alive of all it has started, itself included, whatever group they are in. */
  family(): readonly Relative[] {
    return relatives(`PROGRAM_MARK=${this.#mark}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.family()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
    await this.ended;
  }
}
