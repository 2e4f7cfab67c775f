import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { killRelatives, type Relative, relatives } from "../../support/relatives.js";
import { Said, type SoFar } from "../../support/said.js";

/** `hawser` as it is installed. */
export const hawserFile: string = resolve(import.meta.dirname, "../../../dist/cli/hawser.js");
if (!existsSync(hawserFile)) throw new Error("there is no dist/cli/hawser.js: make build");

/** Somebody at a shell: `hawser` as it is installed, in processes of its own, and a folder where nobody else's apps are. */
export class Shell implements AsyncDisposable {
  readonly folder: string;
  readonly #mark = randomUUID();
  readonly #commands: RealCommand[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Shell> {
    return new Shell(await mkdtemp(join(tmpdir(), "hawser-shell-")));
  }

  get env(): { readonly [name: string]: string } {
    return { XDG_RUNTIME_DIR: this.folder, TMPDIR: this.folder, SHELL_MARK: this.#mark };
  }

  /** @param cwd Default: the root of the repository */
  start(args: readonly string[], { cwd, env }: { readonly cwd?: string; readonly env?: object } = {}): RealCommand {
    const started = new RealCommand(args, { ...process.env, HAWSER_REGISTRY: "", ...this.env, ...env }, cwd);
    this.#commands.push(started);
    return started;
  }

  /** To its end. */
  run(args: readonly string[], options?: { readonly cwd?: string; readonly env?: object }): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** What should be nothing once all has ended. */
  get remains(): { readonly alive: readonly Relative[]; readonly left: readonly string[] } {
    return { alive: this.family(), left: this.leftovers() };
  }

  /** What is alive of all that was started here, whatever group it is in. */
  family(): readonly Relative[] {
    return relatives(this.#variable);
  }

  /** What commands have left in the folder; tsx keeps there what it has compiled. */
  leftovers(): readonly string[] {
    return readdirSync(this.folder, { recursive: true })
      .map(String)
      .filter((file) => !/^tsx-/.test(file));
  }

  get #variable(): string {
    return `SHELL_MARK=${this.#mark}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    killRelatives(this.#variable);
    await Promise.all(this.#commands.map(({ ended }) => ended));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Ended {
  /** Its exit code, or the signal that ended it. */
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

export class RealCommand {
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #said: Said;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string | undefined) {
    this.#process = spawn(process.execPath, [hawserFile, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#said = new Said(this.#process);
    this.ended = new Promise((resolve) => {
      this.#process.once("close", (code, signal) => resolve({ code: code ?? signal, out: this.out, err: this.err }));
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get out(): string {
    return this.#said.out;
  }

  get err(): string {
    return this.#said.err;
  }

  /**
   * Resolves with the match once it has said so, on either stream, from now on where `after` says how much was said before.
   *
   * @throws Error where it ends before
   */
  says(pattern: RegExp, after?: SoFar): Promise<RegExpExecArray> {
    const how = this.ended.then(({ code }) => code);
    return this.#said.says(pattern, how, after);
  }

  /** How much it has said so far. */
  get sofar(): SoFar {
    return this.#said.sofar;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** SIGTERM, and what it ends with. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.signal(signal);
    return await this.ended;
  }
}

/** The TCP ports a process listens on: what `/proc` knows, so on Linux only. */
export function listeningPorts(pid: number): readonly number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(inode ?? ""))
      .map(([, address = ""]) => Number.parseInt(address.split(":")[1] as string, 16)),
  );
}
