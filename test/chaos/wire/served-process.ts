import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/free-ports.js";

const program = fileURLToPath(new URL("served.ts", import.meta.url));

export interface ServedOptions {
  readonly scheme: "grpc" | "grpcs";
  readonly maxConnectionAgeMs?: number;
}

/** The server, at one port for as long as it is restarted there. */
export class ServedProcess implements AsyncDisposable {
  readonly address: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  /** @throws Error where it does not come to listen */
  static async start({ scheme, maxConnectionAgeMs }: ServedOptions): Promise<ServedProcess> {
    const address = `${scheme}://127.0.0.1:${await freePort()}`;
    const served = new ServedProcess(address, maxConnectionAgeMs === undefined ? [] : [String(maxConnectionAgeMs)]);
    await served.restart();
    return served;
  }

  private constructor(address: string, args: readonly string[]) {
    this.address = address;
    this.#args = args;
  }

  async restart(): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", program, this.address, ...this.#args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    const said = await Promise.race([once(child.stdout, "data"), once(child, "close").then(() => undefined)]);
    if (said === undefined) throw new Error(`the server at ${this.address} has ended with ${child.exitCode}`);
  }

  /** @param signal Default: SIGKILL. With SIGTERM it lets its calls end */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill(signal);
    await ended;
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.end();
  }
}
