import { describe, expect, it } from "vitest";
import { type ProcessSpec, SupervisionError } from "../../../src/supervisor/supervisor.js";
import { child, supervised } from "../supervised.js";

const orders = (count: number, more: Partial<ProcessSpec> = {}) => ({
  name: "orders",
  children: Array.from({ length: count }, (_, index) => child(`orders-${index + 1}`, more)),
});

describe("stopping some", () => {
  it("keeps them stopped until somebody wants them back", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [child("a"), child("b")] });
    await supervisor.start();
    await supervisor.stop(["a"]);
    await clock.run(60_000);
    expect(states()).toEqual({ a: "stopped", b: "ready" });
    await supervisor.restart(["a"]);
    expect(states()).toEqual({ a: "ready", b: "ready" });
    expect(launcher.diary).toEqual(["+a", "+b", "-a", "+a"]);
    await supervisor.close();
  });

  it("of a group stops all of it, in reverse", async () => {
    const { supervisor, launcher, states } = supervised({
      children: [child("db"), { name: "g", children: [child("a"), child("b", { after: ["a"] })] }],
    });
    await supervisor.start();
    launcher.diary.length = 0;
    await supervisor.stop(["g"]);
    expect(launcher.diary).toEqual(["-b", "-a"]);
    expect(states()).toEqual({ db: "ready", a: "stopped", b: "stopped" });
    await supervisor.close();
  });

  it("that wait to be started again ends the wait", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(0);
    await supervisor.stop(["a"]);
    expect([states(), clock.pending]).toEqual([{ a: "stopped" }, 0]);
    await supervisor.restart(["a"]);
    await clock.run(1_000);
    expect(launcher.processes).toHaveLength(2);
    await supervisor.close();
  });

  it("while all start lets the others start without them", async () => {
    const { supervisor, launcher, clock, states } = supervised({
      children: [child("a"), child("b", { after: ["a"] }), child("c", { after: ["b"] })],
    });
    launcher.onLaunch = (process) => process.name !== "a" && process.ready();
    const started = supervisor.start();
    await clock.run(0);
    await supervisor.stop(["a", "b"]);
    await started;
    expect(states()).toEqual({ a: "stopped", b: "stopped", c: "ready" });
    await supervisor.close();
  });

  it("has the last word over a restart that was asked for before", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "g", intensity: { restarts: 0, withinMs: 1 }, children: [child("a"), child("b")] }],
    });
    await supervisor.start();
    launcher.one("a").exit(1);
    await clock.run(0);
    launcher.onLaunch = () => {};
    const restarted = supervisor.restart(["b"]).catch((reason: Error) => reason.message);
    await clock.run(0);
    await supervisor.stop(["shop"]);
    expect(await restarted).toBe("b: was stopped before it was ready again");
    await clock.run(60_000);
    expect(launcher.alive()).toEqual([]);
    await supervisor.close();
  });

  it("of a group that is being started again leaves them to whoever wants them back", async () => {
    const { supervisor, launcher, clock, states } = supervised({
      children: [{ name: "g", intensity: { restarts: 0, withinMs: 1 }, children: [child("a"), child("b")] }],
    });
    await supervisor.start();
    await supervisor.stop(["a"]);
    launcher.onLaunch = () => {};
    launcher.one("b").exit(1);
    await clock.run(100);
    launcher.onLaunch = (process) => process.ready();
    await supervisor.restart(["a"]);
    expect(states()).toEqual({ a: "ready", b: "starting" });
    launcher.one("b").ready();
    await clock.run(0);
    expect(states()).toEqual({ a: "ready", b: "ready" });
    await supervisor.close();
  });

  it("takes no failure before their turn has come for a reason to start them again", async () => {
    const { supervisor, launcher, clock, events } = supervised({
      children: [child("a"), child("b", { after: ["a"] })],
    });
    await supervisor.start();
    const [a, b] = launcher.alive();
    if (b !== undefined) b.obedient = false;
    const stopped = supervisor.stop(["a", "b"]);
    await clock.run(0);
    a?.exit(1);
    await clock.run(0);
    b?.exit(0);
    await stopped;
    expect(events.filter(({ type }) => type === "restarting")).toEqual([]);
    await supervisor.close();
  });

  it("leaves them out of what a sibling's failure starts again", async () => {
    const { supervisor, launcher, clock } = supervised({ strategy: "one_for_all", children: [child("a"), child("b")] });
    await supervisor.start();
    await supervisor.stop(["b"]);
    launcher.one("a").exit(1);
    await clock.run(1_000);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["a"]);
    await supervisor.close();
  });

  it("and starting them again at once keeps the name single", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await supervisor.start();
    const old = launcher.one("a");
    old.obedient = false;
    const stopped = supervisor.stop(["a"]);
    const restarted = supervisor.restart(["a"]);
    await clock.run(1_000);
    expect(launcher.alive("a")).toEqual([old]);
    old.exit(0);
    await Promise.all([stopped, restarted]);
    expect(launcher.one("a")).not.toBe(old);
    await supervisor.close();
  });

  it("names who is not there", async () => {
    const { supervisor } = supervised({ children: [child("a")] });
    await supervisor.start();
    await expect(supervisor.stop(["b"])).rejects.toThrow(RangeError);
    await supervisor.close();
  });
});

describe("scaling", () => {
  it("adds like ones with the next numbers, and takes the highest away", async () => {
    const { supervisor, launcher } = supervised({
      children: [orders(2, { args: ["start", "orders"], env: { A: "1" } })],
    });
    await supervisor.start();
    await supervisor.scale("orders", 4);
    expect(supervisor.children().map(({ name, state }) => [name, state])).toEqual(
      [1, 2, 3, 4].map((number) => [`orders-${number}`, "ready"]),
    );
    expect(launcher.one("orders-4").spec).toEqual({ ...launcher.one("orders-2").spec, name: "orders-4" });
    launcher.diary.length = 0;
    await supervisor.scale("orders", 1);
    expect([...launcher.diary].sort()).toEqual(["-orders-2", "-orders-3", "-orders-4"]);
    expect(supervisor.children().map(({ name }) => name)).toEqual(["orders-1"]);
    await supervisor.close();
  });

  it("goes to none and back", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [orders(2, { args: ["x"] })] });
    await supervisor.start();
    await supervisor.scale("orders", 0);
    expect(supervisor.children()).toEqual([]);
    await clock.run(60_000);
    await supervisor.scale("orders", 2);
    expect(launcher.alive().map(({ name, spec }) => [name, spec.args])).toEqual([
      ["orders-1", ["x"]],
      ["orders-2", ["x"]],
    ]);
    await supervisor.close();
  });

  it("starts those that were stopped, for so many are to run", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [orders(2)] });
    await supervisor.start();
    await supervisor.stop(["orders-2"]);
    await supervisor.scale("orders", 2);
    expect(states()).toEqual({ "orders-1": "ready", "orders-2": "ready" });
    await supervisor.stop(["orders-1"]);
    await supervisor.scale("orders", 3);
    expect(states()).toEqual({ "orders-1": "ready", "orders-2": "ready", "orders-3": "ready" });
    await supervisor.stop(["orders-1"]);
    launcher.diary.length = 0;
    await supervisor.scale("orders", 1);
    expect(launcher.diary[0]).toBe("+orders-1");
    expect(states()).toEqual({ "orders-1": "ready" });
    await supervisor.close();
    expect(clock.pending).toBe(0);
  });

  it("leaves stopped ones stopped where one of them cannot be started", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [orders(3)] });
    await supervisor.start();
    await supervisor.stop(["orders-1", "orders-2"]);
    launcher.onLaunch = (process) => (process.name === "orders-2" ? process.exit(1) : process.ready());
    await expect(supervisor.scale("orders", 4)).rejects.toThrow("orders-2 ended with code 1 before it was ready");
    await clock.run(60_000);
    expect(states()).toEqual({ "orders-1": "stopped", "orders-2": "stopped", "orders-3": "ready" });
    await supervisor.close();
  });

  it("fails where a new one is stopped before it is ready, and keeps the others", async () => {
    const { supervisor, launcher, clock, states } = supervised({ children: [orders(1)] });
    await supervisor.start();
    launcher.onLaunch = (process) => process.name === "orders-2" && process.ready();
    const scaled = supervisor.scale("orders", 3).catch((reason: Error) => reason.message);
    await clock.run(0);
    await supervisor.stop(["orders-3"]);
    expect(await scaled).toBe("orders-3: was stopped before it was ready");
    expect(states()).toEqual({ "orders-1": "ready", "orders-2": "ready", "orders-3": "stopped" });
    await supervisor.close();
  });

  it("makes new ones as the caller says", async () => {
    const replica = (like: ProcessSpec, name: string) => ({ ...like, name, env: { INSTANCE: name } });
    const { supervisor, launcher } = supervised({ children: [orders(1)] }, { replica });
    await supervisor.start();
    await supervisor.scale("orders", 2);
    expect(launcher.one("orders-2").spec.env).toEqual({ INSTANCE: "orders-2" });
    await supervisor.close();
  });

  it("lets new ones come after those they are said to come after", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "orders", children: [{ name: "orders-1", command: "node", args: [] }] }],
    });
    await supervisor.start();
    launcher.onLaunch = () => {};
    const scaled = supervisor.scale("orders", 3);
    await clock.run(0);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["orders-1", "orders-2"]);
    launcher.one("orders-2").ready();
    await clock.run(0);
    launcher.one("orders-3").ready();
    await scaled;
    await supervisor.close();
  });

  it("keeps none of the new ones where one cannot be started", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [orders(1)] });
    await supervisor.start();
    launcher.onLaunch = (process) => (process.name === "orders-3" ? process.exit(1) : process.ready());
    await expect(supervisor.scale("orders", 3)).rejects.toThrow("orders-3 ended with code 1 before it was ready");
    expect(supervisor.children().map(({ name }) => name)).toEqual(["orders-1"]);
    await clock.run(60_000);
    expect(launcher.alive().map(({ name }) => name)).toEqual(["orders-1"]);
    await supervisor.close();
  });

  it("keeps none where the first cannot be started and the others wait for it", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [{ name: "orders", children: [{ name: "orders-1", command: "node", args: [] }] }],
    });
    await supervisor.start();
    launcher.onLaunch = (process) => process.exit(1);
    await expect(supervisor.scale("orders", 3)).rejects.toThrow("orders-2 ended with code 1 before it was ready");
    await clock.run(0);
    expect(supervisor.children().map(({ name }) => name)).toEqual(["orders-1"]);
    await supervisor.close();
  });

  it("takes away for good one that fails before its turn to be stopped has come", async () => {
    const { supervisor, launcher, clock } = supervised({
      children: [
        {
          ...orders(0),
          strategy: "one_for_all",
          children: [child("orders-1"), child("orders-2", { after: ["orders-1"] })],
        },
      ],
    });
    await supervisor.start();
    const [first, second] = launcher.alive();
    if (second !== undefined) second.obedient = false;
    const scaled = supervisor.scale("orders", 0);
    await clock.run(0);
    first?.exit(1);
    await clock.run(0);
    second?.exit(0);
    await scaled;
    await clock.run(60_000);
    expect(launcher.processes).toHaveLength(2);
    await supervisor.close();
    expect(clock.pending).toBe(0);
  });

  it("takes away one that waits to be started again", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [orders(2)] });
    await supervisor.start();
    launcher.one("orders-2").exit(1);
    await clock.run(0);
    await supervisor.scale("orders", 1);
    expect(clock.nextMs).toBe(5_000); // the next ping of orders-1
    await clock.run(60_000);
    expect(launcher.processes).toHaveLength(2);
    await supervisor.close();
  });

  it("waits where the group is being started again, and starts with it where it waits for that", async () => {
    for (const waitMs of [0, 100]) {
      const { supervisor, launcher, clock } = supervised({
        children: [{ ...orders(1), intensity: { restarts: 0, withinMs: 1 } }],
      });
      await supervisor.start();
      launcher.onLaunch = () => {};
      launcher.one("orders-1").exit(1);
      await clock.run(waitMs);
      const scaled = supervisor.scale("orders", 2);
      await clock.run(100);
      launcher.onLaunch = (process) => process.ready();
      for (const process of launcher.alive()) process.ready();
      await scaled;
      await clock.run(0);
      expect(launcher.alive().map(({ name }) => name)).toEqual(["orders-1", "orders-2"]);
      await supervisor.close();
    }
  });

  it("is not in the way of closing", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [orders(1)] });
    await supervisor.start();
    launcher.onLaunch = () => {};
    const scaled = supervisor.scale("orders", 3);
    await clock.run(0);
    await supervisor.close();
    await scaled.catch(() => {});
    expect([launcher.alive().length, clock.pending]).toEqual([0, 0]);
  });

  it("supervises the new ones as the others", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [orders(1)] });
    await supervisor.start();
    await supervisor.scale("orders", 2);
    launcher.one("orders-2").exit(1);
    await clock.run(100);
    expect(launcher.one("orders-2").alive).toBe(true);
    await supervisor.close();
  });

  it("refuses what cannot be", async () => {
    const { supervisor } = supervised({
      children: [
        orders(2),
        { name: "mixed", children: [child("x-1"), child("y-1")] },
        child("orders-3"),
        child("mail"),
      ],
    });
    await supervisor.start();
    await expect(supervisor.scale("orders", -1)).rejects.toThrow(TypeError);
    await expect(supervisor.scale("orders", 1.5)).rejects.toThrow('the count for "orders" is 1.5');
    await expect(supervisor.scale("ordrs", 1)).rejects.toThrow(
      new RangeError('shop: nobody is named "ordrs" (there are: shop, orders, mixed)'),
    );
    const refusal = async (group: string, count: number) => {
      const error = await supervisor.scale(group, count).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SupervisionError);
      return (error as SupervisionError).message;
    };
    expect(await refusal("mixed", 1)).toContain("not like processes named e.g. mixed-1, mixed-2");
    expect(await refusal("shop", 1)).toContain('the children of "shop" are not like processes');
    expect(await refusal("orders", 3)).toBe('scale: "orders-3" is there already');
    await supervisor.close();
  });

  it("takes nobody away whom another comes after", async () => {
    const { supervisor, launcher } = supervised({
      children: [{ name: "orders", children: [child("orders-1", { after: ["orders-2"] }), child("orders-2")] }],
    });
    await supervisor.start();
    await expect(supervisor.scale("orders", 1)).rejects.toThrow(
      new SupervisionError('scale: "orders-2" cannot leave: "orders-1", which stays, comes after it'),
    );
    expect(launcher.alive()).toHaveLength(2);
    await supervisor.close();
  });
});

describe("asking a process", () => {
  it("gives its answer", async () => {
    const { supervisor, launcher } = supervised({ children: [child("a")] });
    await supervisor.start();
    launcher.one("a").answers = { placement: (payload) => ({ payload: { asked: payload } }) };
    expect(await supervisor.ask("a", "placement", { of: "orders" })).toEqual({ asked: { of: "orders" } });
    await supervisor.close();
  });

  it("fails where it fails, is late, ends, does not run or is not there", async () => {
    const { supervisor, launcher, clock } = supervised({ children: [child("a")] });
    await expect(supervisor.ask("a", "x")).rejects.toThrow('a: does not run, and cannot answer "x"');
    await expect(supervisor.ask("b", "x")).rejects.toThrow(RangeError);
    await supervisor.start();
    launcher.one("a").answers = { x: () => ({ error: "no such thing" }) };
    await expect(supervisor.ask("a", "x")).rejects.toThrow("a: no such thing");
    const late = expect(supervisor.ask("a", "y", {}, 500)).rejects.toThrow('a: did not answer "y" within 0.5 s');
    await clock.run(500);
    await late;
    const lost = expect(supervisor.ask("a", "y")).rejects.toThrow("a: ended before it answered");
    await supervisor.close();
    await lost;
    expect(clock.pending).toBe(0);
  });
});
