import type { Fault } from "../fault.js";
import { ShopCallers } from "./callers.js";
import { SupervisedShop } from "./supervised-shop.js";

/** Three pings of 5 s missed, and the time a busy machine takes to notice. */
const noticedWithinMs = 25_000;

/**
 * A process stands still (SIGSTOP): its supervisor notices, kills it and starts another. Calls that were with it are lost
 * to time; those that begin and end while all are ready are not.
 */
export const freeze: Fault = {
  name: "freeze",
  rounds: 2,
  async run({ rounds, signal, progress }) {
    await using shop = await SupervisedShop.start({ args: ["--max-restarts", "100000"] });
    const callers = new ShopCallers(shop.registry, 20);
    const broken: string[] = [];
    let calmMs = performance.now();
    const endCalm = (nowMs: number): void => {
      const failed = callers.failedWithin(calmMs, nowMs);
      if (failed.length > 0)
        broken.push(`${failed.length} calls failed while all were ready: ${failed.slice(0, 5).join("; ")}`);
    };
    await callers.more(100);
    let longestMs = 0;
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const victim = (await shop.children()).find(({ name }) => name === "inventory-1")!;
      const since = performance.now();
      endCalm(since);
      process.kill(victim.pid!, "SIGSTOP");
      await shop.until(() => shop.told.filter(({ type }) => type === "frozen").length > round);
      longestMs = Math.max(longestMs, performance.now() - since);
      await shop.allReady();
      calmMs = performance.now();
      await callers.more(100);
      if (shop.family().some(({ pid }) => pid === victim.pid))
        broken.push(`the frozen process ${victim.pid} still lives`);
      progress(`${round + 1} frozen, noticed within ${Math.round(longestMs / 1000)} s`);
    }
    await callers.stop();
    endCalm(performance.now());
    if (longestMs > noticedWithinMs)
      broken.push(`noticed after ${Math.round(longestMs)} ms, ${noticedWithinMs} ms are due`);
    const detail = `noticed within ${(longestMs / 1000).toFixed(1)} s, killed and replaced; failed calls had waited for the frozen one`;
    return { rounds, calls: callers.calls, failed: callers.failed, detail, broken };
  },
};
