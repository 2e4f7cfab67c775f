import { describe, expect, it } from "vitest";
import { SupervisionError } from "../../../src/supervisor/supervisor.js";
import { child, supervised } from "../supervised.js";

describe("starting", () => {
  it("starts those that come after nobody side by side, and the others once they are ready", async () => {
    const { supervisor, launcher, clock, states } = supervised({
      children: [
        child("db"),
        child("mail"),
        child("orders", { after: ["db"] }),
        child("shop-front", { after: ["orders", "mail"] }),
      ],
    });
    launcher.onLaunch = () => {};
    const started = supervisor.start();
    await clock.run(0);
    expect(launcher.diary).toEqual(["+db", "+mail"]);
    expect(states()).toEqual({ db: "starting", mail: "starting", orders: "waiting", "shop-front": "waiting" });

    launcher.one("db").ready();
    await clock.run(0);
    expect(launcher.diary).toEqual(["+db", "+mail", "+orders"]);
    launcher.one("orders").ready();
    await clock.run(0);
    expect(states()["shop-front"]).toBe("waiting");
    launcher.one("mail").ready();
    await clock.run(0);
    launcher.one("shop-front").ready();
    await started;
    expect(states()).toEqual({ db: "ready", mail: "ready", orders: "ready", "shop-front": "ready" });
  });

  it("starts one after the other where nobody says who comes after whom", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: ["a", "b", "c"].map((name) => ({ name, command: "node", args: [] })),
    });
    launcher.onLaunch = () => {};
    const started = supervisor.start();
    for (const name of ["a", "b", "c"]) {
      await clock.run(0);
      expect(launcher.alive().at(-1)?.name).toBe(name);
      launcher.one(name).ready();
    }
    await started;
    expect(launcher.diary).toEqual(["+a", "+b", "+c"]);
  });

  it("takes a process for ready as soon as it runs where it does not speak the protocol, and never pings it", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [child("nginx", { protocol: false })] });
    launcher.onLaunch = (process) => {
      process.frozen = true;
    };
    await supervisor.start();
    await clock.run(60_000);
    expect(states()).toEqual({ nginx: "ready" });
    expect(launcher.processes).toHaveLength(1);
  });

  it("tells of pid, step and start time of each", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("orders")] });
    launcher.onLaunch = (process) => process.step("opening the book");
    const started = supervisor.start();
    await clock.run(0);
    expect(supervisor.children()).toMatchObject([
      { name: "orders", group: "shop", pid: 1_000, step: "opening the book", startedAt: clock.now(), restarts: 0 },
    ]);
    launcher.one("orders").ready();
    await started;
    const stats = { cpu: 0.5, memoryBytes: 1e6, eventLoopDelayMs: 1, callsPerSecond: 7, errorsPerSecond: 0 };
    launcher.one("orders").say({ type: "stats", stats });
    expect(supervisor.children()[0]?.stats).toEqual(stats);
  });

  it("fails where a process ends before it was ready, stops the others in reverse and keeps nothing", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("db"), child("orders", { after: ["db"] }), child("mail", { after: ["db"] })],
    });
    launcher.onLaunch = (process) => {
      if (process.name === "db") return process.ready();
      if (process.name !== "orders") return;
      process.step("opening the book");
      process.write("no such book");
      process.exit(3);
    };
    const failure = await supervisor.start().catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(SupervisionError);
    const report = (failure as SupervisionError).report;
    expect(report).toMatchObject({ child: "orders", restarts: 0, exit: { code: 3, lastLines: ["no such book"] } });
    expect(report?.text).toContain("orders ended with code 3 before it was ready (last step: opening the book)");
    expect(report?.text).toContain("  | no such book");
    expect(launcher.diary.slice(-2)).toEqual(["-mail", "-db"]);
    expect(await supervisor.ended).toBe(report);
    expect([launcher.alive().length, clock.pending, launcher.closed]).toEqual([0, 0, 1]);
  });

  it("fails where a process is not ready in time, and says where it hung", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("orders", { readyTimeoutMs: 5_000 })] });
    launcher.onLaunch = (process) => process.step("setting up orders");
    const started = supervisor.start().catch((reason: Error) => reason.message);
    await clock.run(5_000);
    expect(launcher.processes[0]?.signals).toEqual(["SIGTERM"]);
    expect(await started).toContain("did not become ready within 5 s (last step: setting up orders)");
  });

  it("waits 30 s for a process where nobody says how long", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("orders")] });
    launcher.onLaunch = () => {};
    const started = supervisor.start().catch((reason: Error) => reason.message);
    await clock.run(29_999);
    expect(launcher.alive()).toHaveLength(1);
    await clock.run(1);
    expect(await started).toContain("did not become ready within 30 s (it told of no step)");
  });

  it("fails where a command is not there, naming both", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("db"), child("orders", { command: "nodde" })],
    });
    launcher.missing.add("nodde");
    await expect(supervisor.start()).rejects.toThrow('orders cannot be started: no "nodde"');
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
  });

  it("fails in a group as in the root", async () => {
    const { supervisor, launcher } = supervised({
      children: [child("db"), { name: "orders", children: [child("orders-1"), child("orders-2")] }],
    });
    launcher.onLaunch = (process) => (process.name === "orders-2" ? process.exit(1) : process.ready());
    await expect(supervisor.start()).rejects.toThrow("orders-2 ended with code 1 before it was ready");
    expect(launcher.alive()).toEqual([]);
  });

  it("brings one back that was ready and ends while others still start", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a"), child("b")] });
    launcher.onLaunch = (process) => process.name === "a" && process.ready();
    const started = supervisor.start();
    await clock.run(0);
    launcher.one("a").exit(1);
    launcher.one("b").ready();
    await clock.run(100);
    await started;
    expect(supervisor.children()).toMatchObject([
      { name: "a", state: "ready", restarts: 1 },
      { name: "b", state: "ready", restarts: 0 },
    ]);
  });

  it("fails where the launcher cannot keep its promise, and launches nothing", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    launcher.open = () => Promise.reject(new Error("there is no /bin/sh"));
    await expect(supervisor.start()).rejects.toThrow("shop: cannot start: there is no /bin/sh");
    expect(launcher.processes).toEqual([]);
    expect(await supervisor.ended).toBeUndefined();
  });

  it("starts once, however often it is asked to", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    expect(supervisor.start()).toBe(supervisor.start());
    await supervisor.start();
    expect(launcher.diary).toEqual(["+a"]);
  });
});

describe("closing", () => {
  it("stops in reverse: a process ends before those it came after", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("db"), child("orders", { after: ["db"] }), child("front", { after: ["orders"] })],
    });
    await supervisor.start();
    for (const { name } of launcher.alive()) launcher.one(name).obedient = false;
    const [db, orders, front] = launcher.alive();
    const closed = supervisor.close();
    await clock.run(0);
    expect([db, orders, front].map((process) => process?.signals)).toEqual([[], [], ["SIGTERM"]]);
    front?.exit(0);
    await clock.run(0);
    expect([db, orders].map((process) => process?.signals)).toEqual([[], ["SIGTERM"]]);
    orders?.exit(1);
    await clock.run(0);
    db?.exit(0);
    await closed;
    expect(await supervisor.ended).toBeUndefined();
    expect([launcher.processes.length, clock.pending, launcher.closed]).toEqual([3, 0, 1]);
  });

  it("sends SIGKILL to the group of one that has not ended in time", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a", { stopTimeoutMs: 2_000 })] });
    await supervisor.start();
    const process = launcher.one("a");
    process.obedient = false;
    const closed = supervisor.close();
    await clock.run(1_999);
    expect(process.signals).toEqual(["SIGTERM"]);
    await clock.run(1);
    await closed;
    expect(process.signals).toEqual(["SIGTERM", "SIGKILL"]);
    expect(supervisor.children()[0]?.lastExit).toMatchObject({
      signal: "SIGKILL",
      reason: "did not end within 2 s of SIGTERM",
    });
  });

  it("gives the same promise twice", async () => {
    const { supervisor } = supervised({ children: [child("a")] });
    await supervisor.start();
    expect(supervisor.close()).toBe(supervisor.close());
    await supervisor.close();
  });

  it.each([0, 1, 2, 3])("ends a start wherever it is, and leaves nothing (after %i were ready)", async (count) => {
    const { supervisor, launcher, clock, states } = supervised({
      children: ["a", "b", "c"].map((name) => ({ name, command: "node", args: [] })),
    });
    let ready = 0;
    launcher.onLaunch = (process) => {
      if (ready++ < count) process.ready();
    };
    const started = supervisor.start().then(
      () => "started",
      (reason: Error) => reason.message,
    );
    await clock.run(0);
    await supervisor.close();
    expect(await started).toBe(count === 3 ? "started" : "shop: was closed");
    expect(await supervisor.ended).toBeUndefined();
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
    expect(Object.values(states())).toEqual(["stopped", "stopped", "stopped"]);
  });

  it("ends a start at once where it is asked to in the same breath", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    const started = supervisor.start();
    const closed = supervisor.close();
    await expect(started).rejects.toThrow("shop: was closed");
    await closed;
    await clock.run(0);
    expect(launcher.alive()).toEqual([]);
  });

  it("ends what waits to start again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(0);
    expect(clock.pending).toBe(1);
    await supervisor.close();
    expect(clock.pending).toBe(0);
    await clock.run(60_000);
    expect(launcher.processes).toHaveLength(1);
  });

  it("ends what is being started again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.onLaunch = () => {};
    launcher.one("a").exit(1);
    await clock.run(100);
    expect(launcher.alive()).toHaveLength(1);
    await supervisor.close();
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
  });

  it("takes no failure of one that ends by itself meanwhile for a reason to start it again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a"), child("b", { after: ["a"] })] });
    await supervisor.start();
    launcher.one("b").obedient = false;
    const closed = supervisor.close();
    await clock.run(0);
    launcher.one("a").exit(1); // its turn has not come
    launcher.one("b").exit(1);
    await closed;
    await clock.run(60_000);
    expect([launcher.processes.length, clock.pending]).toEqual([2, 0]);
  });

  it("ends a restart that waits for the process to stop first", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    const process = launcher.one("a");
    process.obedient = false;
    const stopped = supervisor.stop(["a"]);
    const restarted = supervisor.restart(["a"]).catch((reason: Error) => reason.message);
    await clock.run(0);
    const closed = supervisor.close();
    process.exit(0);
    await Promise.all([stopped, closed]);
    expect(await restarted).toBe("a: was stopped before it was ready again");
    await clock.run(60_000);
    expect([launcher.processes.length, clock.pending]).toEqual([1, 0]);
  });

  it("ends a restart that waits for a group to stop first", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "g", intensity: { restarts: 0, withinMs: 1 }, children: [child("a"), child("b")] }],
    });
    await supervisor.start();
    const b = launcher.one("b");
    b.obedient = false;
    launcher.one("a").exit(1);
    await clock.run(0);
    const restarted = supervisor.restart(["a"]).catch((reason: Error) => reason.message);
    await clock.run(0);
    const closed = supervisor.close();
    b.exit(0);
    await closed;
    expect(await restarted).toBe("a: was stopped before it was ready again");
    await clock.run(60_000);
    expect([launcher.processes.length, clock.pending]).toEqual([2, 0]);
  });

  it("works without a start, after which none is possible", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    await supervisor.close();
    await expect(supervisor.start()).rejects.toThrow("shop: was closed");
    await expect(supervisor.restart()).rejects.toThrow("shop: was closed");
    expect([launcher.processes.length, launcher.closed]).toEqual([0, 1]);
  });

  it("may be asked for by whoever hears that a process starts", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a"), child("b")] });
    supervisor.onEvent(({ type }) => type === "started" && void supervisor.close());
    await expect(supervisor.start()).rejects.toThrow("shop: was closed");
    await supervisor.ended;
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
  });
});

describe("what is told", () => {
  it("comes as events in order", async () => {
    const { supervisor, launcher, clock, events } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(100);
    await supervisor.close();
    expect(events.map(({ type }) => type)).toEqual([
      ...["started", "ready", "exited", "restarting", "started", "ready", "stopping", "exited", "stopped"],
    ]);
    expect(events[3]?.text).toBe("a: starts again in 0.1 s (restart 1)");
  });

  it("comes to nobody who has left", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    const heard: string[] = [];
    const leave = [
      supervisor.onEvent(({ type }) => heard.push(type)),
      supervisor.onLine(({ text }) => heard.push(text)),
    ];
    await supervisor.start();
    launcher.one("a").write("one");
    for (const each of leave) each();
    launcher.one("a").write("two");
    await supervisor.close();
    expect(heard).toEqual(["started", "ready", "one"]);
  });

  it("comes to the others where one throws, which is warned of once and told on", async () => {
    const warnings: (Error & { readonly detail?: string })[] = [];
    const hear = (warning: Error) => warning.name === "SupervisorWarning" && void warnings.push(warning);
    process.on("warning", hear);
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    const heard: string[] = [];
    const broken = (word: string): never => {
      heard.push(`${word}, and throws`);
      throw new Error("the screen is gone");
    };
    supervisor.onEvent(({ type }) => broken(type));
    supervisor.onEvent(({ type }) => heard.push(type));
    supervisor.onLine(({ text }) => broken(text));
    supervisor.onLine(({ text }) => heard.push(text));
    await supervisor.start();
    launcher.one("a").write("one");
    await clock.run(0);
    expect(heard).toEqual(["started", "ready", "one"].flatMap((word) => [`${word}, and throws`, word]));
    expect(warnings.map(({ message }) => message)).toEqual([
      "a listener to the events of shop throws; it is told on, and not warned of again",
      "a listener to the lines of shop throws; it is told on, and not warned of again",
    ]);
    expect(warnings[0]?.detail).toContain("the screen is gone");
    process.off("warning", hear);
    await supervisor.close();
  });

  it("keeps the last 1 000 lines of each child, in the order in which they came", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [child("a"), { name: "g", children: [child("b")] }],
    });
    await supervisor.start();
    for (let i = 0; i < 1_200; i++) {
      launcher.one("a").write(`a${i}`);
      launcher.one("b").write(`b${i}`);
      clock.advance(1);
    }
    const lines = supervisor.lines();
    expect(lines).toHaveLength(2_000);
    expect(lines.slice(0, 3).map(({ text }) => text)).toEqual(["a200", "b200", "a201"]);
    expect(supervisor.lines(["g"], 2).map(({ text }) => text)).toEqual(["b1198", "b1199"]);
    expect(supervisor.lines(["a"], 0)).toEqual([]);
    expect(() => supervisor.lines(["x"])).toThrow('shop: nobody is named "x" (there are: a, b, shop, g)');
    await supervisor.close();
  });
});
