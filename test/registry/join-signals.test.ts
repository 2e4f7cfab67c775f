import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { joinSignals } from "../../src/registry/join-signals.js";

test("a joined signal aborts with the first of them, and with its reason", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { signal } = joinSignals(one.signal, other.signal);
  expect(signal.aborted).toBe(false);
  other.abort("enough");
  one.abort("too late");
  expect([signal.aborted, signal.reason]).toEqual([true, "enough"]);
});

test("a joined signal has aborted where one of them has", () => {
  const { signal } = joinSignals(new AbortController().signal, AbortSignal.abort("before"));
  expect([signal.aborted, signal.reason]).toEqual([true, "before"]);
});

test("what is released hears of nothing, and leaves nothing behind", () => {
  const { signal: long } = new AbortController();
  const joined = joinSignals(long, new AbortController().signal);
  expect(getEventListeners(long, "abort")).toHaveLength(1);
  joined.release();
  expect(getEventListeners(long, "abort")).toEqual([]);
  expect(joined.signal.aborted).toBe(false);
});
