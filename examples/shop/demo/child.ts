import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ChildOptions {
  /** For people: `inventory-2`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** On top of this process's own. */
  readonly env?: { readonly [name: string]: string };
  /** How long it may take to come up. Default: 30 000. */
  readonly comeUpMs?: number;
}

const lastLines = 15;

/** A process of the demo, and the last of what it said. */
export class Child {
  readonly name: string;
  /** Resolves with how it ended: `SIGKILL`, `exit code 1`. */
  readonly ended: Promise<string>;
  readonly #comeUpMs: number;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  #running = true;

  constructor({ name, command, args, env = {}, comeUpMs = 30_000 }: ChildOptions) {
    this.name = name;
    this.#comeUpMs = comeUpMs;
    this.#process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream! }).on("line", (line) => this.#said(line));
    }
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#running = false;
        resolve(how);
      };
      this.#process.once("error", ({ message }) => end(message));
      this.#process.once("close", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /**
   * Waits for the child to come up: for the first line in which `read` finds something.
   *
   * @throws Error that shows its last lines, where it ends before or says nothing of the kind in time
   */
  up<T>(read: (line: string) => T | undefined): Promise<T> {
    return this.within(
      new Promise((resolve) => {
        const listener = (line: string): void => {
          const found = read(line);
          if (found === undefined) return;
          this.#listeners.delete(listener);
          resolve(found);
        };
        this.#listeners.add(listener);
      }),
    );
  }

  /** Waits for a sign that the child is up. @throws Error that shows its last lines, where it ends before or time is up */
  async within<T>(sign: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, this.#comeUpMs, `did not come up within ${this.#comeUpMs / 1000} s`);
    });
    const gone = this.ended.then((how) => `ended before it was up (${how})`);
    try {
      return await Promise.race([sign, Promise.race([late, gone]).then((what) => Promise.reject(this.failure(what)))]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Every line it says from now on. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.add(listener);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  failure(what: string): Error {
    const said = this.#lines.length === 0 ? ["(nothing)"] : this.#lines;
    return new Error(`${this.name} ${what}; the last it said:\n${said.map((line) => `    ${line}`).join("\n")}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#running) this.#process.kill(signal);
  }

  /** Asks it to go, and makes it go where it does not within `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  #said(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > lastLines) this.#lines.shift();
    for (const hear of this.#listeners) hear(line);
  }
}
