import { describe, expect, test } from "vitest";
import { Upkeep, type UpkeepOptions } from "../../src/registry/upkeep.js";
import { sleep } from "../../src/time/time.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";

function make() {
  const [upkeep, clock] = [new Upkeep(), new ManualClock(0)];
  const options: UpkeepOptions = {
    what: "work",
    clock,
    logger: recordingLogger(),
    backoff: () => 100,
    healthyMs: 1_000,
  };
  return { upkeep, clock, options };
}

describe("an upkeep", () => {
  test("runs the work again whenever it ends, until it is closed", async () => {
    const { upkeep, clock, options } = make();
    let runs = 0;
    upkeep.start(async () => void runs++, options);
    await clock.run(250);
    expect(runs).toBe(3);
    await upkeep.close();
    expect([runs, clock.pending]).toEqual([3, 0]);
  });

  test("is closed once the work has heard of it and ended, however often it is closed", async () => {
    const { upkeep, clock, options } = make();
    const told: string[] = [];
    const work = async () => {
      await sleep(clock, 60_000, upkeep.signal);
      told.push(`closing: ${upkeep.closing}`);
    };
    upkeep.start(work, options);
    expect(upkeep.closing).toBe(false);
    await Promise.all([upkeep.close(), upkeep.close()].map((each) => each.then(() => told.push("closed"))));
    expect(told).toEqual(["closing: true", "closed", "closed"]);
  });

  test("that is started twice does its work once", async () => {
    const { upkeep, clock, options } = make();
    const told: string[] = [];
    for (const name of ["first", "second"]) upkeep.start(async () => void told.push(name), options);
    await clock.run(0);
    expect(told).toEqual(["first"]);
    await upkeep.close();
  });

  test("that is closed before it is started does nothing", async () => {
    const { upkeep, options } = make();
    await upkeep.close();
    let runs = 0;
    upkeep.start(async () => void runs++, options);
    await upkeep.close();
    expect(runs).toBe(0);
  });
});
