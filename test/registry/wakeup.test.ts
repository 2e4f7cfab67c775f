import { describe, expect, test } from "vitest";
import { Wakeup } from "../../src/registry/wakeup.js";
import { ManualClock } from "../support/manual-clock.js";

function waiting(wakeup: Wakeup, within?: Parameters<Wakeup["wait"]>[0]) {
  const state = { over: false };
  void wakeup.wait(within).then(() => {
    state.over = true;
  });
  return state;
}

describe("Wakeup", () => {
  test("lets its loop sleep until it is woken", async () => {
    const [clock, wakeup] = [new ManualClock(0), new Wakeup()];
    const sleep = waiting(wakeup);
    await clock.run(0);
    expect(sleep.over).toBe(false);
    wakeup.wake();
    await clock.run(0);
    expect(sleep.over).toBe(true);
  });

  test("keeps what comes while the loop is busy, however often, for one wait", async () => {
    const [clock, wakeup] = [new ManualClock(0), new Wakeup()];
    wakeup.wake();
    wakeup.wake();
    await wakeup.wait();
    const sleep = waiting(wakeup);
    await clock.run(0);
    expect(sleep.over).toBe(false);
  });

  test("waits no longer than it may, and keeps no wake-up of that", async () => {
    const [clock, wakeup] = [new ManualClock(0), new Wakeup()];
    const within = { clock, ms: 100 };
    const first = waiting(wakeup, within);
    await clock.run(99);
    expect(first.over).toBe(false);
    await clock.run(1);
    expect(first.over).toBe(true);
    const second = waiting(wakeup, within);
    await clock.run(99);
    expect(second.over).toBe(false);
  });

  test("what wakes it after a wait that was too long wakes the next", async () => {
    const [clock, wakeup] = [new ManualClock(0), new Wakeup()];
    waiting(wakeup, { clock, ms: 100 });
    await clock.run(100);
    wakeup.wake();
    const next = waiting(wakeup);
    await clock.run(0);
    expect(next.over).toBe(true);
  });

  test("leaves no timer behind when it is woken in time", async () => {
    const [clock, wakeup] = [new ManualClock(0), new Wakeup()];
    waiting(wakeup, { clock, ms: 100 });
    wakeup.wake();
    await clock.run(0);
    expect(clock.pending).toBe(0);
  });
});
