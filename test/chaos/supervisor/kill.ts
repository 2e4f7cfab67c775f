import { readFileSync } from "node:fs";
import type { Fault } from "../fault.js";
import { ShopCallers } from "./callers.js";
import { SupervisedShop } from "./supervised-shop.js";

const services = ["storefront", "orders", "inventory"] as const;
/** Enough that one more can be killed while others wait for their restart. */
const replicas = 3;
const backoff = { firstMs: 100, mostMs: 30_000, jitter: 0.2 };
/** Scheduling on a machine that is busy starting others. */
const slackMs = 1_000;
/** How often its memory is looked at, in rounds, and how much of it a restart may cost for good, once it has warmed up. */
const sampleRounds = 10;
const mostKiBPerRound = 200;

/** `kill -9` of every service in turn, with 100 callers: nobody notices, and each is back within its backoff. */
export const kill: Fault = {
  name: "kill",
  rounds: 100,
  async run({ rounds, random, signal, progress }) {
    const args = [...services.flatMap((name) => ["--replicas", `${name}=${replicas}`]), "--max-restarts", "100000"];
    await using shop = await SupervisedShop.start({ args });
    const callers = new ShopCallers(shop.registry);
    await callers.more(500);
    const memory = [{ round: 0, kiB: residentKiB(shop.pid) }];
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const service = services[round % services.length];
      const ready = async () =>
        (await shop.children()).filter(({ group, state }) => group === service && state === "ready");
      await shop.until(async () => (await ready()).length > 1);
      const candidates = await ready();
      const victim = candidates[Math.floor(random() * candidates.length)]!;
      process.kill(victim.pid!, "SIGKILL");
      await shop.until(() => exits(shop) > round);
      await callers.more(50);
      if ((round + 1) % sampleRounds > 0) continue;
      const kiB = residentKiB(shop.pid);
      memory.push({ round: round + 1, kiB });
      progress(`${round + 1} killed, ${callers.calls} calls, ${callers.failed} failed, supervisor ${kiB} KiB`);
    }
    await shop.allReady();
    await callers.more(500);
    await callers.stop();
    const [before, after] = [memory[0]!.kiB, residentKiB(shop.pid)];
    const grown = slope(memory.filter(({ round }) => round >= rounds / 2));

    const waits = restartWaits(shop);
    const back = waits.filter((wait) => wait.backMs < Number.POSITIVE_INFINITY);
    const lost = waits.filter((wait) => !back.includes(wait));
    const late = back.filter(({ waitMs, allowedMs }) => waitMs > allowedMs + slackMs);
    const backMs = back.map((wait) => wait.backMs - wait.waitMs).sort((a, b) => a - b);
    const expected = services.length * replicas;
    const alive = shop.family().filter(({ command }) => command.includes(" start ")).length;
    shop.signal("SIGTERM");
    await shop.ended;
    const orphans = shop.family();
    return {
      rounds,
      calls: callers.calls,
      failed: callers.failed,
      detail:
        `restart to ready p50 ${Math.round(backMs[Math.floor(backMs.length / 2)] ?? 0)} ms, max ${Math.round(backMs.at(-1) ?? 0)} ms; ` +
        `supervisor ${Math.round(before / 1024)} -> ${Math.round(after / 1024)} MiB; ${orphans.length} orphans`,
      broken: [
        ...(callers.failed > 0 ? [`${callers.failed} idempotent calls failed: ${callers.complaints.join("; ")}`] : []),
        ...lost.map(({ child }) => `${child} never came back`),
        ...late.map(
          ({ child, waitMs, allowedMs }) =>
            `${child} waited ${waitMs} ms to be started again, at most ${allowedMs} ms are due`,
        ),
        ...(alive === expected ? [] : [`${alive} processes run, ${expected} should`]),
        ...(grown > mostKiBPerRound
          ? [`the supervisor grew by ${Math.round(grown)} KiB a round, ${mostKiBPerRound} are due: ${shown(memory)}`]
          : []),
        ...orphans.map(({ pid, command }) => `orphan ${pid}: ${command}`),
      ],
    };
  },
};

function exits({ told }: SupervisedShop): number {
  return told.filter(({ type }) => type === "exited").length;
}

/**
 * For each end of a process: how long until it was started again, how long that may take, and how long until it was ready;
 * `Infinity` where it never was.
 */
function restartWaits({ told }: SupervisedShop) {
  const counts = new Map<string, number>();
  return told.flatMap(({ child, type, time }, index) => {
    if (type !== "exited") return [];
    const count = counts.get(child) ?? 0;
    counts.set(child, count + 1);
    const next = (wanted: string) => told.slice(index).find((each) => each.child === child && each.type === wanted);
    const since = (event: { readonly time: string } | undefined) =>
      event === undefined ? Number.POSITIVE_INFINITY : Date.parse(event.time) - Date.parse(time);
    const allowedMs = Math.min(backoff.firstMs * 2 ** count, backoff.mostMs) * (1 + backoff.jitter);
    return [{ child, waitMs: since(next("started")), backMs: since(next("ready")), allowedMs }];
  });
}

interface Sample {
  readonly round: number;
  readonly kiB: number;
}

/** By least squares, in KiB a round; 0 for fewer than four, which tell of chance. */
function slope(samples: readonly Sample[]): number {
  if (samples.length < 4) return 0;
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [round, kiB] = [mean(samples.map((each) => each.round)), mean(samples.map((each) => each.kiB))];
  const covariance = mean(samples.map((each) => (each.round - round) * (each.kiB - kiB)));
  return covariance / mean(samples.map((each) => (each.round - round) ** 2));
}

function shown(samples: readonly Sample[]): string {
  return samples.map(({ round, kiB }) => `${Math.round(kiB / 1024)} MiB after ${round}`).join(", ");
}

/** From `/proc`: what it holds of the machine's memory. */
function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
