import type { Fault } from "../fault.js";
import { ShopCallers } from "./callers.js";
import { SupervisedShop } from "./supervised-shop.js";

/** The whole app is taken anew, again and again, under load: no call fails, and nothing of the old ones is left. */
export const rollingRestart: Fault = {
  name: "rolling-restart",
  rounds: 5,
  async run({ rounds, signal, progress }) {
    await using shop = await SupervisedShop.start();
    const callers = new ShopCallers(shop.registry);
    await callers.more(500);
    const broken: string[] = [];
    let pids = new Set((await shop.children()).map(({ pid }) => pid));
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      // As an operator would: half of the rounds by the command, half by SIGHUP.
      if (round % 2 === 0) for await (const _ of shop.control.restart({ names: [] }));
      else {
        const done = pids.size;
        const before = shop.told.filter(({ type }) => type === "exited").length;
        shop.signal("SIGHUP");
        await shop.until(() => shop.told.filter(({ type }) => type === "exited").length >= before + done);
      }
      await shop.allReady();
      const now = new Set((await shop.children()).map(({ pid }) => pid));
      const stayed = [...pids].filter((pid) => now.has(pid));
      if (stayed.length > 0) broken.push(`round ${round + 1}: ${stayed.length} processes were not taken anew`);
      pids = now;
      await callers.more(200);
      progress(`${round + 1} rounds, ${callers.calls} calls, ${callers.failed} failed`);
    }
    await callers.stop();
    const running = shop.family().filter(({ command }) => command.includes(" start ")).length;
    if (running !== pids.size) broken.push(`${running} processes run, ${pids.size} should`);
    if (callers.failed > 0) broken.push(`${callers.failed} calls failed: ${callers.complaints.join("; ")}`);
    return {
      rounds,
      calls: callers.calls,
      failed: callers.failed,
      detail: `${pids.size} processes each round`,
      broken,
    };
  },
};
