import { describe, expect, it } from "vitest";
import { type ProcessSpec, SupervisionError } from "../../../src/supervisor/supervisor.js";
import type { FakeProcess } from "../fake-launcher.js";
import { child, type Supervised, supervised } from "../supervised.js";

const blocked = { type: "blocked", address: "http://127.0.0.1:8080" };

/** Of `web`, whose new process says that it cannot listen beside the old one. */
async function givenBlocked(
  web: Partial<ProcessSpec> = {},
): Promise<Supervised & { old: FakeProcess; next: FakeProcess; heard: object[]; restarted: Promise<unknown> }> {
  const test = supervised({ children: [child("web", web), child("orders")] });
  await test.supervisor.start();
  const old = test.launcher.one("web");
  const heard: object[] = [];
  test.launcher.onLaunch = (process) => {
    const { send } = process;
    process.send = (message) => {
      heard.push(message);
      send.call(process, message);
    };
    process.say(blocked);
  };
  old.obedient = false;
  const restarted = test.supervisor.restart(["web"]).catch((reason: unknown) => reason);
  await test.clock.run(0);
  return { ...test, old, next: test.launcher.alive("web")[1] as FakeProcess, heard, restarted };
}

const goesOn = (alone: boolean) => ({ hawser: 1, type: "go-on", alone });

describe("a new process that needs the address of the one it replaces", () => {
  it("goes on when that has gone, and is ready then", async () => {
    const { supervisor, clock, old, next, heard, restarted, launcher } = await givenBlocked();
    expect({ signals: old.signals, heard }).toEqual({ signals: ["SIGTERM"], heard: [] });
    expect(supervisor.children()[0]).toMatchObject({ state: "starting", pid: next.pid });
    old.exit(0);
    await clock.run(0);
    expect(heard).toEqual([goesOn(true)]);
    next.ready();
    expect(await restarted).toBeUndefined();
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 0, pid: next.pid });
    expect(launcher.one("web")).toBe(next);
    await supervisor.close();
  });

  it("has its time from when it could go on", async () => {
    const { supervisor, clock, old, next, restarted } = await givenBlocked();
    await clock.run(20_000);
    old.exit(0);
    await clock.run(20_000);
    expect(next.alive).toBe(true);
    await clock.run(10_000);
    expect(next.signals).toEqual(["SIGTERM"]);
    expect(await restarted).toBeInstanceOf(SupervisionError);
    await supervisor.close();
  });

  it("is not late however long the old one takes to go", async () => {
    const { supervisor, clock, old, next, heard, restarted } = await givenBlocked({ stopTimeoutMs: 90_000 });
    await clock.run(89_000);
    expect({ alive: next.alive, heard }).toEqual({ alive: true, heard: [] });
    old.exit(0);
    await clock.run(29_000);
    next.ready();
    expect(await restarted).toBeUndefined();
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 0, pid: next.pid });
    await supervisor.close();
    expect(clock.pending).toBe(0);
  });

  it("may need two, and goes on with both when the old one has gone", async () => {
    const { supervisor, clock, old, next, heard } = await givenBlocked();
    next.say({ type: "blocked", address: "http://127.0.0.1:8081" });
    await clock.run(0);
    expect(heard).toEqual([]);
    old.exit(0);
    await clock.run(0);
    expect(heard).toEqual([goesOn(true), goesOn(true)]);
    next.ready();
    await supervisor.close();
  });

  it("and that another process has by then, is told that nobody goes for it any more", async () => {
    const { supervisor, clock, old, next, heard } = await givenBlocked();
    old.exit(0);
    await clock.run(0);
    next.say(blocked);
    expect(heard).toEqual([goesOn(true), goesOn(false)]);
    await supervisor.close();
  });

  it("is started again, as one that fails is, where it ends after the old one has gone for it", async () => {
    const { supervisor, clock, launcher, old, next, restarted } = await givenBlocked();
    old.exit(0);
    await clock.run(0);
    launcher.onLaunch = (process) => process.ready();
    next.exit(1);
    expect(await restarted).toMatchObject({ message: expect.stringContaining("web ended with code 1") });
    await clock.run(1_000);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 1, pid: launcher.one("web").pid });
    await supervisor.close();
  });

  it("goes with the old one where it is stopped meanwhile", async () => {
    const { supervisor, clock, launcher, old } = await givenBlocked();
    const stopped = supervisor.stop(["web"]);
    await clock.run(0);
    old.exit(0);
    await stopped;
    await clock.run(60_000);
    expect({ alive: launcher.alive("web"), state: supervisor.children()[0]?.state }).toEqual({
      alive: [],
      state: "stopped",
    });
    await supervisor.close();
  });
});

describe("a process that replaces nobody", () => {
  it("is told so where it needs an address that somebody has", async () => {
    const { supervisor, launcher } = supervised({ children: [child("web")] });
    const heard: object[] = [];
    launcher.onLaunch = (process) => {
      process.send = (message) => {
        heard.push(message);
        process.exit(1);
      };
      process.say(blocked);
    };
    await expect(supervisor.start()).rejects.toThrow("web ended with code 1 before it was ready");
    expect(heard).toEqual([goesOn(false)]);
  });
});
