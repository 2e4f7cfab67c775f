import { decodeFromCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { CaseName } from "./cases.js";
import type { PacedCommand, RunCommand, RunResult } from "./client-process.js";
import type { Party } from "./parties.js";
import { Process } from "./process/process.js";

/** One slice of load, and what it cost on both sides. */
export interface Slice {
  readonly ops: number;
  readonly ms: number;
  readonly cpuUs: CpuUs;
  readonly latencies: Histogram;
}

export interface CpuUs {
  readonly client: number;
  /** 0 where it is the client's process too. */
  readonly server: number;
}

export interface PairOptions {
  /** Where both write a CPU profile when they end. */
  readonly profileDir: string | undefined;
  /** What stands before the party's name in error messages and in the names of profiles. Default: nothing. */
  readonly label?: string;
}

export const serverCore = 0;
export const clientCore = 1;

/** A party at work: its server and its client, each in a process of its own. */
export class Pair {
  readonly party: Party;
  readonly #client: Process;
  readonly #server: Process | undefined;

  private constructor(party: Party, client: Process, server: Process | undefined) {
    this.party = party;
    this.#client = client;
    this.#server = server;
  }

  /** Resolves once the client can make calls. */
  static async start(party: Party, { profileDir, label = "" }: PairOptions): Promise<Pair> {
    const start = (role: "server" | "client", core: number, ...args: string[]) =>
      new Process({
        name: `${label} ${party.name} ${role}`.trim(),
        script: `${role}-process.js`,
        args: [party.folder, ...args],
        core,
        profileDir,
      });
    const server = party.inProcess ? undefined : start("server", serverCore);
    let client: Process | undefined;
    try {
      client = start("client", clientCore, (await server?.ask<string>("address")) ?? "");
      await client.ask("ready");
      return new Pair(party, client, server);
    } catch (error) {
      await Promise.all([client?.close(), server?.close()]);
      throw error;
    }
  }

  /** As many calls at once as the case says, for `ms`. */
  run(name: CaseName, ms: number): Promise<Slice> {
    return this.#load("run", { case: name, ms } satisfies RunCommand);
  }

  /** As many calls a second as asked for, for `ms`, however long they take. */
  paced(name: CaseName, ms: number, callsPerS: number): Promise<Slice> {
    return this.#load("paced", { case: name, ms, callsPerS } satisfies PacedCommand);
  }

  async #load(command: string, argument: RunCommand | PacedCommand): Promise<Slice> {
    const before = await this.#cpuUs();
    const { latencies, ...rest } = await this.#client.ask<RunResult>(command, argument);
    const after = await this.#cpuUs();
    const cpuUs = { client: after.client - before.client, server: after.server - before.server };
    return { ...rest, cpuUs, latencies: decodeFromCompressedBase64(latencies) };
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#server?.close()]);
  }

  async #cpuUs(): Promise<CpuUs> {
    const [client, server] = await Promise.all([this.#client.ask<number>("cpuUs"), this.#server?.ask<number>("cpuUs")]);
    return { client, server: server ?? 0 };
  }
}
