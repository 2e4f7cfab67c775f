import { sleep, systemClock } from "../../../src/time/time.js";
import type { Fault } from "../fault.js";
import { SupervisedShop } from "./supervised-shop.js";

/** Ctrl-C at any moment, most of them while it starts, some of them a second time while it stops: nothing is left. */
export const interrupt: Fault = {
  name: "ctrl-c",
  rounds: 20,
  async run({ rounds, random, signal, progress }) {
    const broken: string[] = [];
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      await using shop = await SupervisedShop.spawn();
      const afterMs = Math.floor(random() * 5_000);
      const againMs = random() < 0.3 ? 1_000 + Math.floor(random() * 500) : undefined;
      await sleep(systemClock, afterMs);
      shop.signal("SIGINT");
      if (againMs !== undefined) {
        await Promise.race([shop.ended, sleep(systemClock, againMs)]);
        shop.signal("SIGINT");
      }
      await shop.ended;
      // Where a second Ctrl-C has ended the supervisor at once, its guard ends the rest.
      const deadline = performance.now() + 15_000;
      while (shop.family().length > 0 && performance.now() < deadline) await sleep(systemClock, 100);
      const [left, files] = [shop.family(), await shop.leftovers()];
      if (left.length + files.length > 0)
        broken.push(`Ctrl-C after ${afterMs} ms left ${JSON.stringify([left, files])}`);
      if (round % 5 === 4) progress(`${round + 1} rounds`);
    }
    const detail = broken.length === 0 ? "no process, socket or file left" : `something left ${broken.length} times`;
    return { rounds, calls: 0, failed: 0, detail, broken };
  },
};
