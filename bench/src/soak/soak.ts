import { setTimeout as pause } from "node:timers/promises";
import { jsonOf } from "../line.js";
import { clientCore, serverCore } from "../pair.js";
import { Process } from "../process/process.js";
import type { Sample } from "../process/sample.js";
import type { Latencies } from "./soak-client-process.js";
import { conclusion, judge, type Look } from "./verdict.js";

/** So many parts of equal size, with a look at both sides after each. */
const parts = 20;
/** What the last calls leave to be tidied up, in ms. */
const settleMs = 300;
/** For one part: ten million calls at a hundredth of the usual speed. */
const longestMs = 30 * 60_000;

/**
 * So many calls, of whose kind `mix.ts` tells, one client and one server; then whether either side holds more than it did
 * halfway.
 *
 * @returns whether both are flat
 */
export async function soak(calls: number, profileDir: string | undefined): Promise<boolean> {
  const start = (role: string, script: string, arg: string, core: number): Process =>
    new Process({ name: `soak ${role}`, script, args: [arg], core, profileDir });
  const server = start("server", "server-process.js", "hawser-http2", serverCore);
  let client: Process | undefined;
  try {
    client = start("client", "soak/soak-client-process.js", await server.ask<string>("address"), clientCore);
    const looks: Look[] = [];
    say(["calls", "calls/s", ...header("client"), ...header("server")]);
    for (let part = 1; part <= parts; part++) {
      const before = looks.at(-1)?.calls ?? 0;
      const until = Math.round((calls * part) / parts);
      const ms = await client.ask<number>("run", until - before, longestMs);
      await pause(settleMs);
      const look = { calls: until, ms, client: await sampleOf(client), server: await sampleOf(server) };
      looks.push(look);
      tell(look, until - before);
    }
    return await report(looks, client, server);
  } finally {
    await Promise.all([client?.close(), server.close()]);
  }
}

function sampleOf(process: Process): Promise<Sample> {
  return process.ask<Sample>("sample");
}

function header(side: string): string[] {
  return [`${side} heap MB`, "external", "rss", "handles"];
}

function tell({ calls, ms, client, server }: Look, made: number): void {
  const cells = ({ heap, external, rss, handles }: Sample): string[] => [
    (heap / 1e6).toFixed(2),
    (external / 1e6).toFixed(2),
    (rss / 1e6).toFixed(0),
    String(handles),
  ];
  say([thousands(calls), thousands((made * 1000) / ms), ...cells(client), ...cells(server)]);
}

function say(cells: readonly string[]): void {
  process.stderr.write(`${cells.map((cell) => cell.padStart(15)).join("")}\n`);
}

async function report(looks: readonly Look[], client: Process, server: Process): Promise<boolean> {
  const calls = looks.at(-1)?.calls as number;
  const seconds = (some: readonly Look[]): number => some.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  const cpu = { client: await client.ask<number>("cpuUs"), server: await server.ask<number>("cpuUs") };
  const { p50Ms, p99Ms } = await client.ask<Latencies>("latencies");
  const verdicts = judge(looks.slice(parts / 2 - 1));
  const flat = verdicts.every(({ grows }) => !grows);
  const figures = {
    ops_per_s: calls / seconds(looks),
    p50_ms: p50Ms,
    p99_ms: p99Ms,
    cpu_us_per_op: (cpu.client + cpu.server) / calls,
    client_cpu_us_per_op: cpu.client / calls,
    server_cpu_us_per_op: cpu.server / calls,
    calls,
    ...Object.fromEntries(verdicts.map(({ name, perMillion }) => [name, perMillion])),
    flat: flat ? 1 : 0,
    ratio: seconds(looks.slice(0, parts / 2)) / seconds(looks.slice(parts / 2)),
  };
  const line = { suite: "soak", case: "soak", subject: "hawser/http2", peer: "hawser/http2", figures };
  process.stdout.write(`${jsonOf(line)}\n`);
  process.stderr.write(`\nover the last half, per million calls\n`);
  for (const { name, perMillion, error, grows } of verdicts) {
    process.stderr.write(
      `${name.padEnd(32)}${perMillion.toFixed(1).padStart(10)} ± ${error.toFixed(1).padEnd(10)}${grows ? "GROWS" : "flat"}\n`,
    );
  }
  process.stderr.write(`\n${conclusion(calls, verdicts)}\n`);
  return flat;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}
