import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import type { Bench, Experiment } from "../../experiment.js";
import { columns } from "../../line.js";
import { clientCore, serverCore } from "../../pair.js";
import type { Memory } from "../../process/memory.js";
import { Process } from "../../process/process.js";
import { quantile } from "../../quantile.js";
import type { OpenCommand } from "./holder-process.js";

export interface HeldOptions {
  /** The case, and what there is many of: `connections` in the folder beside this. */
  readonly name: string;
  readonly folder: "connections" | "streams";
  readonly count: number;
  /** By file; the last is the peer. */
  readonly parties: readonly (readonly [file: string, name: string])[];
  /** Each is a file to the system, on either side. */
  readonly files: boolean;
}

/** Opened before memory is looked at: what the first need, the others need no more. */
const warmUpCount = 200;
/** What is left of opening them, in ms. */
const settleMs = 2000;
/** Files a process has open besides. */
const otherFiles = 300;

interface Held {
  readonly name: string;
  readonly count: number;
  readonly times: readonly number[];
  readonly ms: number;
  readonly client: Side;
  readonly server: Side;
}

/** What each of them costs on one side. */
interface Side extends Memory {
  readonly cpuUs: number;
}

/** What it costs to have many of something open that does nothing. */
export function held({ name, folder, count: wanted, parties, files }: HeldOptions): Experiment {
  return {
    name,
    cases: [name],
    async run(bench) {
      const count = files ? Math.min(wanted, fileLimit() - otherFiles - warmUpCount) : wanted;
      if (count < wanted) {
        bench.say(
          `${name}: ONLY ${count} INSTEAD OF ${wanted}: a process may open no more (ulimit -Hn ${fileLimit()})\n`,
        );
      }
      const results: Held[] = [];
      for (const [file, party] of parties) {
        results.push(await hold(`${name} ${party}`, `${folder}/${file}`, party, count, bench.profileDir));
      }
      report(name, results, bench);
    },
  };
}

/** Node has raised its own limit as far as it may. */
function fileLimit(): number {
  const limit = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

async function hold(
  label: string,
  file: string,
  name: string,
  count: number,
  profileDir: string | undefined,
): Promise<Held> {
  const start = (role: string, core: number): Process =>
    new Process({ name: `${label} ${role}`, script: "wire/held/holder-process.js", args: [file], core, profileDir });
  const server = start("server", serverCore);
  const client = start("client", clientCore);
  try {
    const addresses = await server.ask<readonly string[]>("serve");
    await client.ask("open", { addresses, count: warmUpCount } satisfies OpenCommand);
    const [clientBefore, serverBefore] = [await look(client), await look(server)];
    const begun = performance.now();
    const times = await client.ask<number[]>("open", { addresses, count } satisfies OpenCommand);
    const ms = performance.now() - begun;
    const each = (before: Side, after: Side): Side => ({
      heap: (after.heap - before.heap) / count,
      external: (after.external - before.external) / count,
      rss: (after.rss - before.rss) / count,
      cpuUs: (after.cpuUs - before.cpuUs) / count,
    });
    return {
      name,
      count,
      times,
      ms,
      client: each(clientBefore, await look(client)),
      server: each(serverBefore, await look(server)),
    };
  } finally {
    await Promise.all([client.close(), server.close()]);
  }
}

async function look(process: Process): Promise<Side> {
  const cpuUs = await process.ask<number>("cpuUs");
  await pause(settleMs);
  return { ...(await process.ask<Memory>("memory")), cpuUs };
}

function report(name: string, results: readonly Held[], { suite, print, say }: Bench): void {
  const peer = results.at(-1) as Held;
  const heap = ({ client, server }: Held): number => client.heap + server.heap;
  for (const result of results) {
    const { client, server } = result;
    const figures = {
      ops_per_s: (result.count * 1000) / result.ms,
      p50_ms: quantile(result.times, 0.5),
      p99_ms: quantile(result.times, 0.99),
      cpu_us_per_op: client.cpuUs + server.cpuUs,
      client_cpu_us_per_op: client.cpuUs,
      server_cpu_us_per_op: server.cpuUs,
      count: result.count,
      client_heap_bytes: client.heap,
      server_heap_bytes: server.heap,
      client_external_bytes: client.external,
      server_external_bytes: server.external,
      client_rss_bytes: client.rss,
      server_rss_bytes: server.rss,
      ratio: heap(result) / heap(peer),
    };
    print({ suite, case: name, subject: result.name, peer: peer.name, figures });
  }
  const sides = ["client", "server"] as const;
  const rows = results.flatMap((result) =>
    sides.map((side) => {
      const { heap, external, rss } = result[side];
      return [
        `${result.name} ${side}`,
        ...[heap, external, rss].map((bytes) => Math.round(bytes).toLocaleString("en")),
      ];
    }),
  );
  say(columns([[name, "heap B each", "external B each", "rss B each"], ...rows]));
}
