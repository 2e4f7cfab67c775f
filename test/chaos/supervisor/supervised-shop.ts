import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ControlClient, openControl } from "../../../src/cli/up/control-client.js";
import { runningApps } from "../../../src/cli/up/running-app.js";
import { fromChild } from "../../../src/supervisor/control/control.js";
import type { ChildStatus } from "../../../src/supervisor/supervisor.js";
import { killRelatives, type Relative, relatives } from "../../support/relatives.js";

/** A line of `hawser up --json`. */
export interface Told {
  readonly time: string;
  readonly child: string;
  readonly type?: "started" | "ready" | "exited" | "restarting" | "stopping" | "stopped" | "frozen" | "gave-up";
}

export interface SupervisedShopOptions {
  /** Behind `hawser up`. Default: `examples/shop`. */
  readonly app?: string;
  readonly args?: readonly string[];
}

/** The shop under a real `hawser up`, in a runtime folder of its own. */
export class SupervisedShop implements AsyncDisposable {
  /** Everything that has happened to its processes. */
  readonly told: Told[] = [];
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #mark = randomUUID();
  readonly #waiting = new Set<() => void>();
  #stderr = "";
  #registry = "";
  #control: (ControlClient & { close(): Promise<void> }) | undefined;

  private constructor(folder: string, { app = "examples/shop", args = [] }: SupervisedShopOptions) {
    this.folder = folder;
    this.#process = spawn(process.execPath, ["dist/cli/hawser.js", "--json", "up", app, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        XDG_RUNTIME_DIR: folder,
        TMPDIR: folder,
        HAWSER_CONFIG_SHARED__FOLDER: folder,
        CHAOS_MARK: this.#mark,
      },
    });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#heard(line));
    this.#process.stderr!.on("data", (data) => {
      this.#stderr += data;
      this.#registry ||= /HAWSER_REGISTRY=(\S+)/.exec(this.#stderr)?.[1] ?? "";
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#process.once("close", (code, signal) => {
        resolve(signal ?? code);
        this.#wake();
      });
    });
  }

  static async spawn(options: SupervisedShopOptions = {}): Promise<SupervisedShop> {
    return new SupervisedShop(await mkdtemp(join(tmpdir(), "hawser-chaos-")), options);
  }

  /** As `spawn`, and all are ready. */
  static async start(options: SupervisedShopOptions = {}): Promise<SupervisedShop> {
    const shop = await SupervisedShop.spawn(options);
    await shop.until(() => shop.told.length > 0); // it can be spoken to before it starts the first process
    const [app] = await runningApps({ XDG_RUNTIME_DIR: shop.folder });
    shop.#control = openControl(app!);
    await shop.allReady();
    return shop;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get registry(): string {
    return this.#registry;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get control(): ControlClient {
    return this.#control!;
  }

  async children(): Promise<readonly ChildStatus[]> {
    const { children } = await this.control.list({});
    return children.map(fromChild);
  }

  async allReady(): Promise<void> {
    await this.until(async () => (await this.children()).every(({ state }) => state === "ready"));
  }

  /** Resolves once it is so; asked again whenever the supervisor tells something. @throws Error where it ends before */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (;;) {
      const change = new Promise<void>((resolve) => this.#waiting.add(resolve));
      if (await condition()) return;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(
          `hawser up has ended (${this.#process.exitCode ?? this.#process.signalCode}):\n${this.#stderr}`,
        );
      }
      await change;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Every process it has started that is alive, itself included. */
  family(): readonly Relative[] {
    return relatives(this.#variable);
  }

  /** What it has left in its folder, but for the books, and what tsx keeps there of the files it has compiled. */
  async leftovers(): Promise<readonly string[]> {
    const files = await readdir(this.folder, { recursive: true });
    return files.filter((file) => !/^(.*\.jsonl|hawser|tsx-.*)$/.test(file));
  }

  get #variable(): string {
    return `CHAOS_MARK=${this.#mark}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control?.close();
    this.signal("SIGTERM");
    await this.ended;
    killRelatives(this.#variable);
    await rm(this.folder, { recursive: true, force: true });
  }

  #heard(line: string): void {
    if (!line.startsWith("{")) return;
    const told = JSON.parse(line) as Told;
    if (told.type !== undefined) this.told.push(told);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }
}
