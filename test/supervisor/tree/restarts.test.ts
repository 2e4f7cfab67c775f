import { describe, expect, it } from "vitest";
import { doNotRestart, type GroupSpec, type Supervisor } from "../../../src/supervisor/supervisor.js";
import type { FakeProcess } from "../fake-launcher.js";
import { child, supervised } from "../supervised.js";

const restarts = (supervisor: Supervisor) =>
  Object.fromEntries(supervisor.children().map(({ name, restarts }) => [name, restarts]));

describe("a process that ends", () => {
  it("is started again after 100 ms, then twice that, up to 30 s", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a")],
      intensity: { restarts: 100, withinMs: 1_000 },
    });
    await supervisor.start();
    const waits: (number | undefined)[] = [];
    for (let round = 0; round < 11; round++) {
      launcher.one("a").exit(1);
      await clock.run(0);
      expect(supervisor.children()[0]?.state).toBe("backing-off");
      waits.push(clock.nextMs);
      await clock.run(clock.nextMs ?? 0);
      launcher.one("a");
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    expect(restarts(supervisor)).toEqual({ a: 11 });
    await supervisor.close();
  });

  it("waits 20 % less or more, by chance", async () => {
    for (const [random, waitMs] of [
      [0, 80],
      [0.999_999, 120],
    ] as const) {
      const { supervisor, launcher, clock } = supervised({ children: [child("a")] }, { random: () => random });
      await supervisor.start();
      launcher.one("a").exit(1);
      await clock.run(0);
      expect(clock.nextMs).toBeCloseTo(waitMs, 2);
      await supervisor.close();
    }
  });

  it("starts with the shortest wait again after 60 s of health", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    const waitAfter = async (wellMs: number) => {
      await clock.run(wellMs);
      launcher.one("a").exit(1);
      await clock.run(0);
      const waitMs = clock.nextMs;
      await clock.run(waitMs ?? 0);
      return waitMs;
    };
    await supervisor.start();
    expect(await waitAfter(0)).toBe(100);
    expect(await waitAfter(59_999)).toBe(200);
    expect(await waitAfter(60_000)).toBe(100);
    await supervisor.close();
  });

  it.each([
    ["permanent", 0, true],
    ["permanent", 1, true],
    ["transient", 0, false],
    ["transient", 1, true],
    ["temporary", 0, false],
    ["temporary", 1, false],
    ["permanent", doNotRestart, false],
    ["transient", doNotRestart, false],
  ] as const)("that is %s and ends with code %i is started again: %s", async (restart, code, again) => {
    const { supervisor, launcher, clock, states } = supervised({ children: [child("a", { restart }), child("b")] });
    await supervisor.start();
    launcher.one("a").exit(code);
    await clock.run(60_000);
    expect(launcher.alive("a")).toHaveLength(again ? 1 : 0);
    expect(states()).toEqual({ a: again ? "ready" : "stopped", b: "ready" });
    await supervisor.close();
  });

  it("by a signal counts as failed", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a", { restart: "transient" })] });
    await supervisor.start();
    launcher.one("a").kill();
    await clock.run(100);
    expect(launcher.one("a").alive).toBe(true);
    await supervisor.close();
  });

  it("is started again only once those it comes after are ready", async () => {
    const { supervisor, launcher, clock, states } = supervised({
      children: [child("db"), child("a", { after: ["db"] })],
    });
    await supervisor.start();
    launcher.onLaunch = () => {};
    launcher.one("db").exit(1);
    launcher.one("a").exit(1);
    await clock.run(200);
    expect(states()).toEqual({ db: "starting", a: "waiting" });
    launcher.one("db").ready();
    await clock.run(0);
    expect(states()).toEqual({ db: "ready", a: "starting" });
    await supervisor.close();
  });

  it("does not wait for one that has ended for good", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("migration", { restart: "temporary" }), child("a", { after: ["migration"] })],
    });
    await supervisor.start();
    launcher.one("migration").exit(0);
    launcher.one("a").exit(1);
    await clock.run(100);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["a"]);
    await supervisor.close();
  });

  it("and is not ready in time when it is started again has failed once more", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a", { readyTimeoutMs: 1_000 })] });
    await supervisor.start();
    launcher.onLaunch = () => {};
    launcher.one("a").exit(1);
    await clock.run(1_100);
    expect(supervisor.children()[0]).toMatchObject({ state: "backing-off", restarts: 2 });
    launcher.onLaunch = (process) => process.ready();
    await clock.run(200);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 2 });
    await supervisor.close();
  });
});

describe("a strategy", () => {
  const three = (strategy: GroupSpec["strategy"] & string): Partial<GroupSpec> & Pick<GroupSpec, "children"> => ({
    strategy,
    children: [child("a"), child("b", { after: ["a"] }), child("c", { after: ["b"] })],
  });

  it.each([
    ["one_for_one", ["-b", "+b"]],
    ["one_for_all", ["-b", "-c", "-a", "+a", "+b", "+c"]],
    ["rest_for_one", ["-b", "-c", "+b", "+c"]],
  ] as const)("%s: the second of three fails", async (strategy, expected) => {
    const { supervisor, launcher, clock } = supervised(three(strategy));
    await supervisor.start();
    launcher.diary.length = 0;
    launcher.one("b").exit(1);
    await clock.run(100);
    expect(launcher.diary).toEqual(expected);
    expect(restarts(supervisor)).toEqual({ a: 0, b: 1, c: 0 });
    await supervisor.close();
  });

  it("one_for_all waits for those it stops before it starts anything", async () => {
    const { supervisor, launcher, clock } = supervised(three("one_for_all"));
    await supervisor.start();
    launcher.diary.length = 0;
    const a = launcher.one("a");
    a.obedient = false;
    launcher.one("c").exit(1);
    await clock.run(20_000);
    expect(launcher.diary).toEqual(["-c", "-b"]);
    a.exit(0);
    await clock.run(100);
    expect(launcher.diary).toEqual(["-c", "-b", "-a", "+a", "+b", "+c"]);
    await supervisor.close();
  });

  it.each(["one_for_all", "rest_for_one"] as const)(
    "%s starts over where one fails while all are started",
    async (strategy) => {
      const { supervisor, launcher, clock } = supervised(three(strategy));
      await supervisor.start();
      launcher.onLaunch = (process) => process.name !== "c" && process.ready();
      launcher.one("a").exit(1);
      await clock.run(100);
      launcher.diary.length = 0;
      launcher.one("a").exit(1); // b is ready, c is starting
      await clock.run(0);
      expect(launcher.diary).toEqual(["-a", "-c", "-b"]);
      launcher.onLaunch = (process) => process.ready();
      await clock.run(200);
      expect(launcher.diary).toEqual(["-a", "-c", "-b", "+a", "+b", "+c"]);
      expect(launcher.alive()).toHaveLength(3);
      await supervisor.close();
    },
  );

  it("takes the end of one that was to be stopped anyway for no failure", async () => {
    const { supervisor, launcher, clock } = supervised({
      ...three("one_for_all"),
      intensity: { restarts: 1, withinMs: 30_000 },
    });
    await supervisor.start();
    for (const process of launcher.alive()) process.obedient = false;
    const [a, b, c] = launcher.alive();
    b?.exit(1);
    await clock.run(0);
    a?.exit(1);
    c?.exit(1);
    await clock.run(100);
    expect(restarts(supervisor)).toEqual({ a: 0, b: 1, c: 0 });
    expect(launcher.alive()).toHaveLength(3);
    await supervisor.close();
  });
});

describe("intensity", () => {
  const crashLoop = async (test: ReturnType<typeof supervised>, name: string, most = 50) => {
    const alive = (): FakeProcess | undefined => test.launcher.alive(name)[0];
    for (let process = alive(); process !== undefined; process = alive()) {
      if (test.launcher.processes.length > most) throw new Error(`${name} was started more than ${most} times`);
      process.write(`end ${test.launcher.processes.length}`);
      process.exit(7);
      await test.clock.run(0);
      await test.clock.run(test.clock.nextMs ?? 0);
    }
  };

  it("ends the root at the sixth failure within 30 s, and says who, how often, how, and the last lines", async () => {
    const test = supervised({ children: [child("a"), child("b")] });
    await test.supervisor.start();
    await crashLoop(test, "a");
    const report = await test.supervisor.ended;
    expect(test.launcher.processes.filter(({ name }) => name === "a")).toHaveLength(6);
    expect(report).toMatchObject({ child: "a", restarts: 5, exit: { code: 7, lastLines: ["end 7"] } });
    expect(report?.text.split("\n")).toEqual([
      "shop gave up (more than 5 restarts within 30 s): a ended with code 7",
      "the last lines of a:",
      "  | end 7",
      "→ mend what its last lines tell of, then start again",
    ]);
    expect([test.launcher.alive().length, test.clock.pending, test.launcher.closed]).toEqual([0, 0, 1]);
    await test.supervisor.close();
  });

  it("forgets what was longer ago", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a")],
      intensity: { restarts: 2, withinMs: 30_000 },
    });
    await supervisor.start();
    for (let round = 0; round < 20; round++) {
      launcher.one("a").exit(1);
      await clock.run(15_000 + 30_000);
    }
    expect(launcher.alive()).toHaveLength(1);
    await supervisor.close();
  });

  it("counts all of a group together", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a"), child("b")],
      intensity: { restarts: 1, withinMs: 30_000 },
    });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(100);
    launcher.one("b").exit(2);
    await clock.run(0);
    expect(await supervisor.ended).toMatchObject({ child: "b", exit: { code: 2 } });
  });

  it("of 0 ends the group at the first failure", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")], intensity: { restarts: 0, withinMs: 1 } });
    await supervisor.start();
    launcher.one("a").exit(1);
    expect((await supervisor.ended)?.text).toMatch(/^a ended with code 1/);
  });

  it("ends a group, whose parent takes that for one failure of it and starts it again", async () => {
    const test = supervised({
      children: [
        child("db"),
        {
          name: "orders",
          intensity: { restarts: 2, withinMs: 30_000 },
          children: [child("orders-1"), child("orders-2")],
        },
      ],
    });
    const { supervisor, launcher, clock, events } = test;
    await supervisor.start();
    const second = launcher.one("orders-2");
    for (let round = 0; round < 3; round++) {
      launcher.one("orders-1").exit(1);
      await clock.run(0);
      if (round < 2) await clock.run(clock.nextMs ?? 0);
    }
    expect(second.signals).toEqual(["SIGTERM"]);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["db"]);
    expect(test.states()).toEqual({ db: "ready", "orders-1": "backing-off", "orders-2": "backing-off" });
    await clock.run(100);
    expect(test.states()).toEqual({ db: "ready", "orders-1": "ready", "orders-2": "ready" });
    expect(events.filter(({ child }) => child === "orders").map(({ text }) => text)).toEqual([
      "orders gave up (more than 2 restarts within 30 s): orders-1 ended with code 1",
      "orders: starts again in 0.1 s",
    ]);
    await supervisor.close();
  });

  it("ends the root where its groups give up too often, with the whole story", async () => {
    const once = { restarts: 1, withinMs: 30_000 };
    const test = supervised({
      intensity: once,
      children: [{ name: "orders", intensity: once, children: [child("orders-1")] }],
    });
    await test.supervisor.start();
    await crashLoop(test, "orders-1");
    expect((await test.supervisor.ended)?.text).toContain(
      "shop gave up (more than 1 restart within 30 s): orders gave up (more than 1 restart within 30 s): orders-1 ended with code 7",
    );
    expect(test.launcher.processes).toHaveLength(4); // two tries of the group, two of the process in each
  });

  it("ends the root where a group crash-loops, however often it was started again before", async () => {
    const test = supervised({ children: [{ name: "orders", children: [child("orders-1")] }] });
    await test.supervisor.start();
    await crashLoop(test, "orders-1", 100);
    expect((await test.supervisor.ended)?.text).toContain(
      "shop gave up (more than 5 restarts within 30 s): orders gave up (more than 5 restarts within 30 s): orders-1",
    );
    expect(test.launcher.processes).toHaveLength(36); // six tries of the group, six of the process in each
  });

  it("counts a group that cannot be started again as failed once more", async () => {
    const { supervisor, launcher, clock } = supervised({
      intensity: { restarts: 2, withinMs: 30_000 },
      children: [{ name: "orders", intensity: { restarts: 0, withinMs: 1 }, children: [child("orders-1")] }],
    });
    await supervisor.start();
    launcher.onLaunch = (process) => process.exit(1);
    launcher.one("orders-1").exit(1);
    await clock.run(300);
    expect((await supervisor.ended)?.text).toContain("orders-1 ended with code 1 before it was ready");
    expect(launcher.processes).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it("does not start a group again that was giving up when all was closed", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "g", intensity: { restarts: 0, withinMs: 1 }, children: [child("a"), child("b")] }],
    });
    await supervisor.start();
    const b = launcher.one("b");
    b.obedient = false;
    launcher.one("a").exit(1);
    await clock.run(0);
    const closed = supervisor.close();
    await clock.run(0);
    b.exit(0);
    await closed;
    await clock.run(60_000);
    expect(await supervisor.ended).toBeUndefined();
    expect([launcher.processes.length, clock.pending]).toEqual([2, 0]);
  });
});

describe("the watchdog", () => {
  it("pings every 5 s, and kills and replaces one that misses three in a row", async () => {
    const { supervisor, launcher, clock, events } = supervised({ children: [child("a"), child("b")] });
    await supervisor.start();
    await clock.run(300_000);
    const frozen = launcher.one("a");
    frozen.frozen = true;
    await clock.run(15_000);
    expect(frozen.signals).toEqual([]);
    await clock.run(5_000);
    expect(frozen.signals).toEqual(["SIGKILL"]);
    const text = "a: frozen: it answered none of 3 pings, 5 s apart";
    expect(events.find(({ type }) => type === "frozen")?.text).toBe(text);
    await clock.run(100);
    expect(supervisor.children()[0]).toMatchObject({ state: "ready", restarts: 1, lastExit: { signal: "SIGKILL" } });
    expect(launcher.processes).toHaveLength(3);
    await supervisor.close();
  });

  it("forgives one that answers again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    const process = launcher.one("a");
    for (let round = 0; round < 10; round++) {
      process.frozen = true;
      await clock.run(10_000);
      process.frozen = false;
      await clock.run(5_000);
    }
    expect(process.alive).toBe(true);
    await supervisor.close();
  });

  it("leaves one alone that stops", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a", { stopTimeoutMs: 60_000 })] });
    await supervisor.start();
    const process = launcher.one("a");
    process.frozen = true;
    const closed = supervisor.close();
    await clock.run(59_999);
    expect(process.signals).toEqual(["SIGTERM"]);
    await clock.run(1);
    await closed;
  });
});

describe("where nothing is left to run", () => {
  it("ends without a report if all went well", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a", { restart: "transient" }), child("b", { restart: "temporary" })],
    });
    await supervisor.start();
    launcher.one("a").exit(0);
    launcher.one("b").exit(0);
    expect(await supervisor.ended).toBeUndefined();
    expect([launcher.closed, clock.pending]).toEqual([1, 0]);
  });

  it("ends with the report of one that will not be started again", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a"), child("b", { restart: "transient" })] });
    await supervisor.start();
    launcher.one("a").exit(doNotRestart);
    launcher.one("b").exit(0);
    const report = await supervisor.ended;
    expect(report).toMatchObject({ child: "a", exit: { code: 78 } });
    expect(report?.text).toContain("code 78 says that another try will not help: mend its configuration first");
  });

  it("goes on where somebody has stopped one, who may want it back", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a"), child("b", { restart: "transient" })],
    });
    await supervisor.start();
    await supervisor.stop(["a"]);
    launcher.one("b").exit(0);
    await clock.run(60_000);
    await supervisor.restart(["a"]);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["a"]);
    await supervisor.close();
  });
});
