import { describe, expect, test } from "vitest";
import { silentLogger } from "../../src/contract/contract.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { graveyard } from "../support/simulated-etcd/graveyard.js";
import { History } from "../support/simulated-etcd/history.js";
import { type ModelOutcome, runModel } from "../support/simulated-etcd/model.js";
import { ModelRegistry } from "../support/simulated-etcd/model-registry.js";
import { SimulatedEtcd } from "../support/simulated-etcd/simulated-etcd.js";
import { Truth } from "../support/simulated-etcd/truth.js";
import { VirtualClock } from "../support/simulated-etcd/virtual-clock.js";

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

/** A registry that watches `s`, and somebody else who writes there. */
async function quiet(progressMs: number) {
  const clock = new VirtualClock();
  const history = new History(clock);
  const random = seededRandom(1);
  const etcd = new SimulatedEtcd({ clock, random, history, progressMs });
  const broken: string[] = [];
  const truth: Truth = new Truth({ keys: { decode: (...args) => registry.keys.decode(...args) }, cutOff: () => true });
  etcd.observers.add(truth);
  const registry: ModelRegistry = new ModelRegistry({
    name: "a",
    etcd,
    clock,
    random,
    history,
    truth,
    auth: false,
    ttlMs: 10_000,
    logger: silentLogger,
    hidden: () => false,
    lives: () => true,
    broken: (what) => broken.push(what),
  });
  registry.watch("s");
  await clock.run(1_000);
  const write = (key: string) =>
    etcd.txn({ success: [{ request_put: { key: Buffer.from(key), value: Buffer.from("1") } }] });
  return { clock, etcd, registry, broken, write };
}

describe("a watch that was interrupted", () => {
  test("goes on where it was, without another list, however often the connection breaks", async () => {
    const { clock, registry, broken } = await quiet(600_000);
    for (let cut = 0; cut < 20; cut++) {
      registry.register("s");
      registry.link.cut();
      await clock.run(10_000);
    }
    expect(registry.client.lists).toBe(1);
    expect(registry.unsettled()).toEqual([]);
    expect(broken).toEqual([]);
    const closing = registry.close();
    await clock.run(5_000);
    await closing;
  });

  test("goes on after a compaction of what it has heard that it need not know", async () => {
    const { clock, etcd, registry, broken, write } = await quiet(20_000);
    for (let other = 0; other < 50; other++) write(`/other/${other}`);
    await clock.run(50_000);
    etcd.compact(etcd.store.revision);
    registry.link.cut();
    await clock.run(10_000);
    expect(registry.client.lists).toBe(1);
    expect(registry.unsettled()).toEqual([]);
    expect(broken).toEqual([]);
    const closing = registry.close();
    await clock.run(5_000);
    await closing;
    expect([clock.pending, etcd.connections]).toEqual([0, 0]);
  });
});
