import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChildMessage, readSupervisorMessage, tagged } from "../../src/supervisor/child-protocol.js";
import { child, supervised } from "./supervised.js";

const stats = { cpu: 1, memoryBytes: 1, eventLoopDelayMs: 1, callsPerSecond: 1, errorsPerSecond: 1 };

describe("the child protocol", () => {
  it.each([
    { type: "step", text: "listening" } as const,
    { type: "ready" } as const,
    { type: "pong", ping: 3 } as const,
    { type: "blocked", address: "http://127.0.0.1:80" } as const,
    { type: "stats", stats } as const,
    { type: "answer", id: 1, payload: { any: "thing" } } as const,
  ])("reads what a child says: $type", (message) => {
    expect(readChildMessage(tagged(message))).toMatchObject(message);
  });

  it.each([
    { type: "ping", ping: 1 } as const,
    { type: "command", id: 1, name: "x", payload: 5 } as const,
    { type: "go-on", alone: true } as const,
  ])("reads what a supervisor says: $type", (message) => {
    expect(readSupervisorMessage(tagged(message))).toMatchObject(message);
  });

  it("leaves alone what is somebody else's, or broken", () => {
    const others = [{ type: "ready" }, { hawser: 2, type: "ready" }, { hawser: 1 }, { hawser: 1, type: "step" }];
    const broken = [
      { hawser: 1, type: "stats", stats: { ...stats, cpu: "much" } },
      { hawser: 1, type: "pong" },
    ];
    for (const each of [...others, ...broken]) expect(readChildMessage(each)).toBeUndefined();
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect([readChildMessage(value), readSupervisorMessage(value)]).toEqual([undefined, undefined]);
      }),
    );
  });

  it("does no harm to a supervisor, whatever a child says", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [child("a")] });
    await supervisor.start();
    const process = launcher.one("a");
    for (const type of ["ready", "pong", "answer", "stats", "step", "nonsense"]) {
      process.say({ type });
      process.say({ type, id: 99, ping: 1e9, text: 5, stats: null, payload: {} });
    }
    process.frozen = true; // a pong from the future buys no time
    await clock.run(20_000);
    expect(process.signals).toEqual(["SIGKILL"]);
    await clock.run(100);
    expect(states()).toEqual({ a: "ready" });
    await supervisor.close();
  });
});
