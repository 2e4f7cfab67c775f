import { expect, onTestFinished, test, vi } from "vitest";
import { StateListeners } from "../../src/transport/state-listeners.js";

test("one listener added twice is told twice, and ends each for itself", () => {
  const listeners = new StateListeners();
  const told: string[] = [];
  const listener = (state: string): void => void told.push(state);
  const [endFirst, endSecond] = [listeners.add(listener), listeners.add(listener)];
  listeners.tell("ready");
  expect(told).toEqual(["ready", "ready"]);
  endFirst();
  endFirst();
  listeners.tell("broken");
  expect(told).toEqual(["ready", "ready", "broken"]);
  endSecond();
  listeners.tell("ready");
  expect(told).toEqual(["ready", "ready", "broken"]);
});

test("the last that listeners hear is that the channel is closed", () => {
  const listeners = new StateListeners();
  const told: string[] = [];
  listeners.add((state) => told.push(state));
  listeners.close();
  listeners.tell("ready");
  listeners.close();
  expect(told).toEqual(["closed"]);
});

test("a listener that throws keeps the others from nothing, and the operator is warned", () => {
  const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
  onTestFinished(() => warned.mockRestore());
  const listeners = new StateListeners();
  const told: string[] = [];
  listeners.add(() => {
    throw new Error("no good");
  });
  listeners.add((state) => told.push(state));
  listeners.tell("ready");
  listeners.close();
  expect(told).toEqual(["ready", "closed"]);
  expect(warned.mock.calls).toEqual([
    ["a listener to the state of a channel throws (ready)", expect.objectContaining({ type: "TransportWarning" })],
    ["a listener to the state of a channel throws (closed)", expect.objectContaining({ type: "TransportWarning" })],
  ]);
});

test("who is added or ends while others are told changes nothing for that time", () => {
  const listeners = new StateListeners();
  const told: string[] = [];
  const ends: (() => void)[] = [];
  listeners.add(() => {
    for (const end of ends.splice(0)) end();
    listeners.add((next) => told.push(`added: ${next}`));
  });
  ends.push(listeners.add((state) => told.push(`ended: ${state}`)));
  listeners.tell("ready");
  expect(told).toEqual(["ended: ready"]);
  listeners.tell("broken");
  expect(told).toEqual(["ended: ready", "added: broken"]);
});
