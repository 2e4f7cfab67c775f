import { sleep, systemClock } from "../../../src/time/time.js";
import type { Fault } from "../fault.js";
import { SupervisedShop } from "./supervised-shop.js";

/** How long those it leaves behind may take: they stop as if asked to, and are killed where they do not. */
const goneWithinMs = 20_000;

/** The supervisor itself is killed, one of its processes frozen at that: nobody outlives it. */
export const killSupervisor: Fault = {
  name: "kill-supervisor",
  rounds: 3,
  async run({ rounds, signal, progress }) {
    const broken: string[] = [];
    let longestMs = 0;
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      await using shop = await SupervisedShop.start();
      const children = await shop.children();
      process.kill(children[round % children.length]!.pid!, "SIGSTOP");
      const since = performance.now();
      shop.signal("SIGKILL");
      while (shop.family().length > 0 && performance.now() - since < goneWithinMs) await sleep(systemClock, 100);
      longestMs = Math.max(longestMs, performance.now() - since);
      for (const { pid, command } of shop.family()) broken.push(`orphan ${pid}: ${command}`);
      progress(`${round + 1} killed, all gone within ${(longestMs / 1000).toFixed(1)} s`);
    }
    const gone = broken.length === 0 ? "all gone" : `all but ${broken.length} gone`;
    return { rounds, calls: 0, failed: 0, detail: `${gone} within ${(longestMs / 1000).toFixed(1)} s`, broken };
  },
};
