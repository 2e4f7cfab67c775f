import { readFileSync } from "node:fs";
import type { Fault } from "../fault.js";
import { Callers } from "./callers.js";
import { SupervisedShop } from "./supervised-shop.js";

const services = ["storefront", "orders", "inventory"] as const;
/** Enough that one more can be killed while others wait for their restart. */
const replicas = 3;
const backoff = { firstMs: 100, mostMs: 30_000, jitter: 0.2 };
/** Scheduling on a machine that is busy starting others. */
const slackMs = 1_000;

/** `kill -9` of every service in turn, with 100 callers: nobody notices, and each is back within its backoff. */
export const kill: Fault = {
  name: "kill",
  rounds: 100,
  async run({ rounds, random, signal, progress }) {
    const args = [...services.flatMap((name) => ["--replicas", `${name}=${replicas}`]), "--max-restarts", "100000"];
    await using shop = await SupervisedShop.start({ args });
    const callers = new Callers(shop.registry);
    await callers.more(500);
    const before = residentKiB(shop.pid);
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
      if (round % 10 === 9) progress(`${round + 1} killed, ${callers.calls} calls, ${callers.failed} failed`);
    }
    await shop.allReady();
    await callers.more(500);
    await callers.stop();
    const after = residentKiB(shop.pid);

    const waits = restartWaits(shop);
    const late = waits.filter(({ waitMs, allowedMs }) => waitMs > allowedMs + slackMs);
    const backMs = waits.map((wait) => wait.backMs - wait.waitMs).sort((a, b) => a - b);
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
        ...late.map(
          ({ child, waitMs, allowedMs }) =>
            `${child} waited ${waitMs} ms to be started again, at most ${allowedMs} ms are due`,
        ),
        ...(alive === expected ? [] : [`${alive} processes run, ${expected} should`]),
        ...(after > before * 1.25 + 20 * 1024 ? [`the supervisor grew from ${before} to ${after} KiB`] : []),
        ...orphans.map(({ pid, command }) => `orphan ${pid}: ${command}`),
      ],
    };
  },
};

function exits({ told }: SupervisedShop): number {
  return told.filter(({ type }) => type === "exited").length;
}

/** For each end of a process: how long until it was started again, how long that may take, and how long until it was ready. */
function restartWaits({ told }: SupervisedShop) {
  const counts = new Map<string, number>();
  return told.flatMap(({ child, type, time }, index) => {
    if (type !== "exited") return [];
    const count = counts.get(child) ?? 0;
    counts.set(child, count + 1);
    const next = (wanted: string) => told.slice(index).find((each) => each.child === child && each.type === wanted);
    const since = (event: { readonly time: string } | undefined) => Date.parse(event?.time ?? "") - Date.parse(time);
    const allowedMs = Math.min(backoff.firstMs * 2 ** count, backoff.mostMs) * (1 + backoff.jitter);
    return [{ child, waitMs: since(next("started")), backMs: since(next("ready")), allowedMs }];
  });
}

/** From `/proc`: what it holds of the machine's memory. */
function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
