import { expect, test } from "vitest";
import { Waiters } from "../../src/registry/waiters.js";
import { hearersOf } from "./hearers.js";

test("all who wait are woken, once", async () => {
  const [waiters, { signal }, told] = [new Waiters(), new AbortController(), [] as string[]];
  for (const name of ["one", "other"]) void waiters.wait(signal).then(() => told.push(name));
  waiters.wake();
  await Promise.resolve();
  expect(told).toEqual(["one", "other"]);
  void waiters.wait(signal).then(() => told.push("later"));
  await Promise.resolve();
  expect(told).toEqual(["one", "other"]);
  waiters.wake();
  await Promise.resolve();
  expect(told).toEqual(["one", "other", "later"]);
});

test("who has been woken, or waits no longer, leaves nothing behind", async () => {
  const [waiters, long, short] = [new Waiters(), new AbortController(), new AbortController()];
  const waiting = [waiters.wait(long.signal), waiters.wait(short.signal)];
  expect([hearersOf(long.signal), hearersOf(short.signal)]).toEqual([1, 1]);
  short.abort();
  await waiting[1];
  waiters.wake();
  await waiting[0];
  expect([hearersOf(long.signal), hearersOf(short.signal)]).toEqual([0, 0]);
});

test("nobody waits whose signal has aborted already", async () => {
  const signal = AbortSignal.abort();
  await new Waiters().wait(signal);
  expect(hearersOf(signal)).toBe(0);
});
