import { describe, expect, test } from "vitest";
import { Watchdog } from "../../src/registry/watchdog.js";
import { ManualClock } from "../support/manual-clock.js";

function setup() {
  const clock = new ManualClock(0);
  const barkedAt: number[] = [];
  return { clock, barkedAt, dog: new Watchdog(clock, () => barkedAt.push(clock.now())) };
}

describe("Watchdog", () => {
  test("begins to wait when it is first fed, and barks once", async () => {
    const { clock, barkedAt, dog } = setup();
    await clock.run(1_000);
    dog.feed(100);
    await clock.run(10_000);
    expect(barkedAt).toEqual([1_100]);
  });

  test("does not bark as long as it is fed in time", async () => {
    const { clock, barkedAt, dog } = setup();
    for (let round = 0; round < 10; round++) {
      dog.feed(100);
      await clock.run(99);
    }
    expect(barkedAt).toEqual([]);
    await clock.run(1);
    expect(barkedAt).toEqual([991]);
  });

  test("reads what has come while the process was held up before it barks", () => {
    const { clock, barkedAt, dog } = setup();
    dog.feed(100);
    clock.timer(100, () => dog.feed(100)); // came in time, and is read after the timer has fired
    clock.advance(150);
    expect(barkedAt).toEqual([]);
  });

  test("who is stopped barks no more", async () => {
    const { clock, barkedAt, dog } = setup();
    dog.feed(100);
    dog.stop();
    await clock.run(1_000);
    expect([barkedAt, clock.pending]).toEqual([[], 0]);
  });
});
