import { expect, test } from "vitest";
import { silenceTimer } from "../../../src/transport/http2/silence-timer.js";
import { NappingClock } from "../../support/napping-clock.js";

function silence() {
  const clock = new NappingClock();
  const begunAt = clock.now();
  const fired: number[] = [];
  const timer = silenceTimer(clock, 5000, () => void fired.push(clock.now() - begunAt));
  return { clock, timer, fired };
}

test("a silence ends when it is due", async () => {
  const { clock, fired } = silence();
  await clock.run(4999);
  expect(fired).toEqual([]);
  await clock.run(1);
  expect(fired).toEqual([5000]);
});

test("where this process stood still meanwhile, what came is given half a second to be read, once", async () => {
  const { clock, fired } = silence();
  clock.nap(60_000);
  await clock.run(499);
  expect(fired).toEqual([]);
  await clock.run(1);
  expect(fired).toEqual([60_500]);
});

test("a silence that is broken ends no more, before or after a standstill", async () => {
  const early = silence();
  early.timer.cancel();
  await early.clock.run(10_000);
  const late = silence();
  late.clock.nap(60_000);
  late.timer.cancel();
  await late.clock.run(10_000);
  expect([...early.fired, ...late.fired]).toEqual([]);
});
