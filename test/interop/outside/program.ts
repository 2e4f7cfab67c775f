import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "../../support/eventually.js";
import { isOnPath } from "../../support/is-on-path.js";

/** Why a program cannot be had here; undefined where it can. */
export function missing(program: string): string | undefined {
  return isOnPath(program) ? undefined : `${program} is not on the PATH; try: make interop`;
}

/** Runs a program to its end. @returns all it said @throws Error with all it said, where it fails */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { said, ended } = await tryToRun(program, ...args);
  if (ended === 0) return said;
  throw new Error(`${program} ${args.join(" ")} ended with ${ended}\n${said}`);
}

/** Runs a program to its end, a good one or not: its exit code, or the signal. */
export function tryToRun(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly said: string; readonly ended: number | string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 120_000, maxBuffer: 2 ** 24 }, (_error, stdout, stderr) =>
      resolve({ said: `${stdout}\n${stderr}`.trim(), ended: child.exitCode ?? child.signalCode ?? "never" }),
    );
  });
}

/** A program that serves until it is told to end. */
export class ServingProgram {
  readonly #child: ChildProcess;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = once(child, "close").then(([code, signal]) => code ?? signal);
  }

  /**
   * @param port where it will take connections; it is waited for
   * @throws Error with all it said, where it ends instead, or never takes one; it has ended then
   */
  static async start(port: number, program: string, ...args: readonly string[]): Promise<ServingProgram> {
    const serving = new ServingProgram(spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }));
    let said = "";
    serving.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-10_000);
    });
    const ended = serving.ended.then(() => {
      throw new Error(`${program} ${args.join(" ")} has ended:\n${said}`);
    });
    ended.catch(() => {}); // as it shall, later on
    try {
      await Promise.race([eventually(() => accepts(port)), ended]);
      return serving;
    } catch (error) {
      await serving.close();
      throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

async function accepts(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
