import { expect, test } from "vitest";
import { ManualClock } from "./manual-clock.js";

test("timers fire when they are due, in order, and see their own moment", () => {
  const clock = new ManualClock(1_000);
  const fired: string[] = [];
  const arm = (name: string, delayMs: number) => clock.timer(delayMs, () => fired.push(`${name} at ${clock.now()}`));
  arm("late", 30);
  arm("first", 10);
  arm("second", 10);
  clock.advance(9);
  expect(fired).toEqual([]);
  expect(clock.nextMs).toBe(1);
  clock.advance(21);
  expect(fired).toEqual(["first at 1010", "second at 1010", "late at 1030"]);
  expect(clock.now()).toBe(1_030);
});

test("a cancelled timer does not fire, and is not pending", () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const timer = clock.timer(10, () => fired.push("cancelled"));
  expect(clock.pending).toBe(1);
  timer.cancel();
  expect(clock.pending).toBe(0);
  clock.advance(10);
  expect(fired).toEqual([]);
  expect(clock.nextMs).toBeUndefined();
});

test("a timer made by a timer fires in the same advance where it is due in it", () => {
  const clock = new ManualClock(0);
  const fired: number[] = [];
  const beat = () => {
    fired.push(clock.now());
    clock.timer(10, beat);
  };
  clock.timer(10, beat);
  clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
});

test("run() lets promises go on between timers", async () => {
  const clock = new ManualClock(0);
  const woken: number[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.timer(ms, resolve));
  const loop = async () => {
    for (;;) {
      await sleep(10);
      woken.push(clock.now());
    }
  };
  void loop();
  await clock.run(35);
  expect(woken).toEqual([10, 20, 30]);
});
