import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { isOnPath } from "../support/is-on-path.js";
import { type Command, type CommandsStep, patternOf, type Step } from "./tutorial.js";

/** A command in a terminal of its own. */
interface Running {
  readonly child: ChildProcess;
  readonly closed: Promise<unknown>;
  /** Whether all it printed is here. */
  over: boolean;
  output: string;
}

export interface ReaderOptions {
  /** Where they begin. Beside its `node_modules` there is nothing. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What stands for a thing of the page on this machine: a port for a port. */
  readonly instead: Readonly<Record<string, string>>;
}

/** Does what a page says, command by command, and compares what comes of it. */
export class Reader {
  readonly #options: ReaderOptions;
  #folder: string;
  #terminals: Running[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#folder = options.folder;
  }

  async does(step: Step): Promise<void> {
    if (step.kind === "ctrl-c") return await this.leave();
    if (step.kind === "log") return await shows(this.#terminals.at(-1) as Running, step.shown);
    if (step.kind === "commands") return await this.#runs(step);
    const path = join(this.#folder, step.path);
    if (step.kind === "contains") return expect(await readFile(path, "utf8")).toContain(step.content);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, step.content);
  }

  /** Ctrl-C in every terminal, the last first. Resolves when nothing of what was begun is left. */
  async leave(): Promise<void> {
    for (const { child, closed } of this.#terminals.reverse()) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), "SIGINT");
      await closed;
    }
    this.#terminals = [];
  }

  /** Ends what is left after something went wrong. */
  abandon(): void {
    for (const { child, over } of this.#terminals) if (!over) process.kill(-(child.pid as number), "SIGKILL");
  }

  async #runs({ commands, stays, fails }: CommandsStep): Promise<void> {
    for (const command of commands) {
      if (await this.#doesItself(command.text)) continue;
      const running = this.#start(command);
      if (stays) {
        this.#terminals.push(running);
        await shows(running, command.shown);
        continue;
      }
      await running.closed;
      expect(running.child.exitCode === 0, `${command.text} printed:\n${running.output}`).toBe(!fails);
      if (command.shown.length === 0) continue;
      expect(running.output).toMatch(new RegExp(`^${patternOf(command.shown)}$`));
    }
  }

  /** What a shell does without a program, and what would ask a registry that CI may not have. */
  async #doesItself(command: string): Promise<boolean> {
    const [, folder] = /^cd (\S+)$/.exec(command) ?? [];
    const [, wanted] = /^npm install ?(.*)$/.exec(command) ?? [];
    if (folder !== undefined) this.#folder = join(this.#folder, folder);
    else if (wanted === "") await this.#install();
    else if (wanted !== undefined) createRequire(join(this.#folder, "package.json")).resolve(wanted);
    else return false;
    return true;
  }

  /** Links what lies in the folder where they began. */
  async #install(): Promise<void> {
    const manifest = JSON.parse(await readFile(join(this.#folder, "package.json"), "utf8"));
    const modules = join(this.#folder, "node_modules");
    await symlink(join(this.#options.folder, "node_modules"), modules);
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      await readFile(join(modules, name, "package.json"));
    }
    await writeFile(join(modules, ".package-lock.json"), "{}"); // by which make sees that it is done
  }

  #start({ text }: Command): Running {
    const { env, instead } = this.#options;
    const command = Object.entries(instead).reduce((told, [from, to]) => told.replaceAll(from, to), text);
    const child = spawn("bash", ["-c", `exec 2>&1; ${command}`], { cwd: this.#folder, env, detached: true });
    const running: Running = { child, closed: once(child, "close"), over: false, output: "" };
    child.on("close", () => {
      running.over = true;
    });
    child.stdout.on("data", (data) => {
      running.output += data;
    });
    return running;
  }
}

/** Why a step cannot be done on this machine; undefined where a reader can do it. */
export function whyNot(step: Step): string | undefined {
  if (step.kind !== "commands") return undefined;
  if (step.needs !== undefined && !isOnPath(step.needs)) return `there is no ${step.needs}`;
  return step.notRun;
}

/** What a shell of one's own has: nothing of this test runner. npx takes what is installed, or nothing. */
export function environment(runtime: string): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  const npm = { npm_config_offline: "true", npm_config_loglevel: "error", npm_config_update_notifier: "false" };
  return { PATH, HOME, ...npm, NO_COLOR: "1", XDG_RUNTIME_DIR: runtime };
}

/** Resolves once each of the lines has been printed, whatever stands between. */
async function shows(running: Running, lines: readonly string[]): Promise<void> {
  const patterns = lines.filter((line) => line !== "…").map((line) => new RegExp(`^${patternOf([line])}`, "m"));
  for (;;) {
    const missing = patterns.filter((pattern) => !pattern.test(running.output));
    if (missing.length === 0) return;
    if (running.over) expect.fail(`it ended without ${missing.join(", ")}; it printed:\n${running.output}`);
    await Promise.race([once(running.child.stdout as NodeJS.EventEmitter, "data"), running.closed]);
  }
}
