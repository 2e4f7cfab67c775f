import { describe, expect, it } from "vitest";
import { SupervisionError } from "../../../src/supervisor/supervisor.js";
import type { FakeProcess } from "../fake-launcher.js";
import { child, type Supervised, supervised } from "../supervised.js";

const replicas = { children: [child("orders-1"), child("orders-2"), child("orders-3")] };

/** Of `a`, whose new process runs beside the old one, and neither does anything by itself. */
async function halfway(): Promise<Supervised & { old: FakeProcess; next: FakeProcess; restarted: Promise<string> }> {
  const test = supervised({ children: [child("a"), child("b")] });
  await test.supervisor.start();
  test.launcher.onLaunch = () => {};
  const restarted = test.supervisor.restart(["a"]).then(
    () => "restarted",
    (reason: Error) => reason.message,
  );
  await test.clock.run(0);
  const [old, next] = test.launcher.alive("a") as [FakeProcess, FakeProcess];
  return { ...test, old, next, restarted };
}

describe("a rolling restart", () => {
  it("replaces one after the other, each new one ready before the old one is asked to go", async () => {
    const { supervisor, launcher } = supervised(replicas);
    await supervisor.start();
    launcher.diary.length = 0;
    await supervisor.restart();
    const turn = (name: string) => [`+${name}`, `-${name}`];
    expect(launcher.diary).toEqual(["orders-1", "orders-2", "orders-3"].flatMap(turn));
    expect(supervisor.children().map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
    await supervisor.close();
  });

  it("goes on to the next only when the old one has ended", async () => {
    const { supervisor, launcher, clock } = supervised(replicas);
    await supervisor.start();
    const old = launcher.one("orders-1");
    old.obedient = false;
    const restarted = supervisor.restart(["orders-1", "orders-2"]);
    await clock.run(10_000);
    expect(launcher.alive("orders-1")).toHaveLength(2);
    expect(launcher.alive("orders-2")).toHaveLength(1);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", pid: launcher.alive("orders-1")[1]?.pid });
    old.exit(0);
    await restarted;
    expect(launcher.alive()).toHaveLength(3);
    await supervisor.close();
  });

  it("shows the old process until the new one is ready", async () => {
    const { supervisor, old, next, restarted } = await halfway();
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", pid: old.pid });
    next.ready();
    expect(await restarted).toBe("restarted");
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", pid: next.pid });
    expect(old.signals).toEqual(["SIGTERM"]);
    await supervisor.close();
  });

  it.each([
    ["ends", (next: FakeProcess) => next.exit(1), "a ended with code 1 before it was ready"],
    ["is killed", (next: FakeProcess) => next.kill(), "a was ended by SIGKILL before it was ready"],
    ["hangs", () => {}, "a ended with code 0 (did not become ready within 30 s (it told of no step))"],
  ])("fails where the new one %s: the old one stays, and nothing counts as a failure", async (_how, fail, message) => {
    const { supervisor, launcher, clock, old, next, restarted } = await halfway();
    fail(next);
    await clock.run(30_000);
    expect(await restarted).toContain(message);
    expect(launcher.one("a")).toBe(old);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 0, pid: old.pid });
    await supervisor.close();
  });

  it("stops at the first that fails", async () => {
    const { supervisor, launcher } = supervised(replicas);
    await supervisor.start();
    launcher.onLaunch = (process) => (process.name === "orders-2" ? process.exit(1) : process.ready());
    launcher.diary.length = 0;
    await expect(supervisor.restart()).rejects.toBeInstanceOf(SupervisionError);
    expect(launcher.diary).toEqual(["+orders-1", "-orders-1", "+orders-2", "-orders-2"]);
    await supervisor.close();
  });

  it("goes on with the new one where the old one is killed meanwhile: no third is started", async () => {
    const { supervisor, launcher, clock, old, next, restarted } = await halfway();
    old.kill();
    await clock.run(1_000);
    expect(supervisor.children()[0]).toMatchObject({ state: "starting", pid: next.pid });
    expect(launcher.alive("a")).toEqual([next]);
    next.ready();
    expect(await restarted).toBe("restarted");
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 0 });
    await supervisor.close();
  });

  it("becomes an ordinary restart where both end", async () => {
    const { supervisor, launcher, clock, old, next, restarted } = await halfway();
    old.kill();
    await clock.run(0);
    launcher.onLaunch = (process) => process.ready();
    next.exit(1);
    expect(await restarted).toContain("a ended with code 1 before it was ready");
    await clock.run(100);
    expect(launcher.alive("a")).toHaveLength(1);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 1 });
    await supervisor.close();
  });

  it.each(["old first", "new first"])("becomes an ordinary restart where both end at once, %s", async (order) => {
    const { supervisor, launcher, clock, old, next, restarted } = await halfway();
    for (const process of order === "old first" ? [old, next] : [next, old]) process.kill();
    launcher.onLaunch = (process) => process.ready();
    expect(await restarted).toContain("a was ended by SIGKILL before it was ready");
    await clock.run(100);
    expect(launcher.alive("a")).toHaveLength(1);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 1 });
    await supervisor.close();
  });

  it("brings back a new one that fails while the old one still drains", async () => {
    const { supervisor, launcher, clock, old, next, restarted } = await halfway();
    old.obedient = false;
    next.ready();
    await clock.run(0);
    launcher.onLaunch = (process) => process.ready();
    next.exit(1);
    await clock.run(100);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 1 });
    old.exit(0);
    expect(await restarted).toBe("restarted");
    expect(launcher.alive("a")).toHaveLength(1);
    await supervisor.close();
  });

  it.each([
    ["closed", ({ supervisor }: Supervised) => supervisor.close()],
    ["told to stop it", ({ supervisor }: Supervised) => supervisor.stop(["a"])],
  ])("ends with both processes where the supervisor is %s", async (_how, end) => {
    const test = await halfway();
    await end(test);
    expect(await test.restarted).toBe("a: was stopped before it was ready again");
    expect(test.launcher.alive("a")).toEqual([]);
    await test.supervisor.close();
    expect(test.clock.pending).toBe(0);
  });

  it("ends with all three where one drains when all is closed", async () => {
    const { supervisor, launcher, clock, old, next } = await halfway();
    old.obedient = false;
    next.ready();
    await clock.run(0);
    const closed = supervisor.close();
    await clock.run(30_000);
    await closed;
    expect(old.signals).toEqual(["SIGTERM", "SIGKILL"]);
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
  });

  it("waits for the one that was asked for before", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.diary.length = 0;
    await Promise.all([supervisor.restart(["a"]), supervisor.restart(["a"])]);
    expect(launcher.diary).toEqual(["+a", "-a", "+a", "-a"]);
    await supervisor.close();
  });

  it("asked for while all start waits until they have", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    launcher.onLaunch = () => {};
    const started = supervisor.start();
    const restarted = supervisor.restart();
    await clock.run(0);
    expect(launcher.diary).toEqual(["+a"]);
    launcher.onLaunch = (process) => process.ready();
    launcher.one("a").ready();
    await Promise.all([started, restarted]);
    expect(launcher.diary).toEqual(["+a", "+a", "-a"]);
    await supervisor.close();
  });

  it("starts one at once that waits to be started again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(0);
    await supervisor.restart(["a"]);
    expect(launcher.alive("a")).toHaveLength(1);
    await clock.run(1_000);
    expect(launcher.processes).toHaveLength(2);
    await supervisor.close();
  });

  it("replaces one that is just being started again, which may be of the old kind", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.onLaunch = () => {};
    launcher.one("a").exit(1);
    await clock.run(100);
    const restarted = supervisor.restart(["a"]);
    await clock.run(0);
    launcher.one("a").ready();
    await clock.run(0);
    launcher.alive("a")[1]?.ready();
    await restarted;
    expect(launcher.processes).toHaveLength(3);
    await supervisor.close();
  });

  it("starts a group that waits to be started again", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "g", intensity: { restarts: 0, withinMs: 1 }, children: [child("a"), child("b")] }],
    });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(0);
    expect(launcher.alive()).toEqual([]);
    await supervisor.restart(["a"]);
    await clock.run(60_000);
    expect(launcher.processes).toHaveLength(4);
    expect(launcher.alive()).toHaveLength(2);
    await supervisor.close();
  });

  it("wakes nobody who was stopped or is done, but by name", async () => {
    const { supervisor, launcher } = supervised({
      children: [child("migration", { restart: "temporary" }), child("a"), child("b")],
    });
    await supervisor.start();
    launcher.one("migration").exit(0);
    await supervisor.stop(["b"]);
    await supervisor.restart();
    expect(launcher.alive().map(({ name }) => name)).toEqual(["a"]);
    await supervisor.restart(["shop"]);
    expect(
      launcher
        .alive()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["a", "b", "migration"]);
    await supervisor.close();
  });

  it("names who is not there, and needs a supervisor that was started", async () => {
    const { supervisor } = supervised({ children: [child("a")] });
    await expect(supervisor.restart()).rejects.toThrow("shop: has not been started");
    await supervisor.start();
    await expect(supervisor.restart(["ordrs"])).rejects.toThrow(
      new RangeError('shop: nobody is named "ordrs" (there are: a, shop)'),
    );
    await supervisor.close();
  });
});
