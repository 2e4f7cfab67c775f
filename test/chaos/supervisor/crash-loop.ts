import { resolve } from "node:path";
import type { Fault } from "../fault.js";
import { SupervisedShop } from "./supervised-shop.js";

/** A service that ends soon after it is ready, each time: its supervisor stops at the limit, and says who, how and what it said last. */
export const crashLoop: Fault = {
  name: "crash-loop",
  rounds: 1,
  async run({ rounds }) {
    const broken: string[] = [];
    let starts = 0;
    for (let round = 0; round < rounds; round++) {
      await using shop = await SupervisedShop.spawn({ app: resolve(import.meta.dirname, "crash-loop-app.ts") });
      const code = await shop.ended;
      starts = shop.told.filter(({ child, type }) => child === "shaky-1" && type === "started").length;
      if (code !== 1) broken.push(`hawser up ended with ${code}, not with 1`);
      if (starts !== 6) broken.push(`it was started ${starts} times: once, and 5 times again, are due`);
      for (const told of ["shaky-1", "code 7", "the roof is on fire"]) {
        if (!shop.stderr.includes(told)) broken.push(`the report does not say "${told}":\n${shop.stderr}`);
      }
      const [left, files] = [shop.family(), await shop.leftovers()];
      if (left.length + files.length > 0) broken.push(`left: ${JSON.stringify([left, files])}`);
    }
    const held = broken.length === 0;
    const detail = held ? `given up after ${starts} starts, with a report` : `${starts} starts, not ended as promised`;
    return { rounds, calls: 0, failed: 0, detail, broken };
  },
};
