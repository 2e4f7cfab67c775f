import { describe, expect, test } from "vitest";
import { graveyard } from "../support/simulated-etcd/graveyard.js";
import { type ModelOutcome, runModel } from "../support/simulated-etcd/model.js";

/** `SEED=17` runs that one and shows its history. */
const { SEED } = process.env;
const seeds = SEED === undefined ? Array.from({ length: 150 }, (_, seed) => 1_000 + seed) : [Number(SEED)];

function told({ seed, history, broken }: ModelOutcome): string {
  return broken.length === 0 ? "" : `SEED=${seed}\n${history.join("\n")}\n${broken.join("\n")}`;
}

describe("the registry in etcd, over simulated nights", () => {
  test.each([...graveyard])("keeps its promises where it once did not: seed %i, %s", async (seed) => {
    expect(told(await runModel(seed))).toBe("");
  });

  test(`keeps its promises whatever happens to etcd and the network, ${seeds.length} seeds`, async () => {
    let snapshots = 0;
    for (const seed of seeds) {
      const outcome = await runModel(seed, { log: SEED !== undefined });
      expect(told(outcome)).toBe("");
      if (SEED !== undefined) console.log(outcome.history.join("\n"));
      snapshots += outcome.snapshots;
    }
    expect(snapshots).toBeGreaterThan(10 * seeds.length);
  });

  test("does the same again for the same seed, event by event", async () => {
    const [once, again] = [await runModel(4), await runModel(4)];
    expect(again.history.length).toBeGreaterThan(100);
    expect(again.history.join("\n")).toBe(once.history.join("\n"));
    expect((await runModel(5)).history).not.toEqual(once.history);
  });
});
