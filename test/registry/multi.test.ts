import { describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { type MultiRegistryOptions, multiRegistry } from "../../src/registry/multi/multi.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance, registrySuite } from "../conformance/registry.js";
import { FickleRegistry, type FickleRegistryOptions } from "../support/fickle-registry.js";
import { ManualClock } from "../support/manual-clock.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

registrySuite({
  name: "multi over two of memory",
  capabilities: { register: true, lease: false, watch: "push", distributed: false },
  make: async (monitor) => {
    const registry = multiRegistry([memoryRegistry(), memoryRegistry()], { monitor });
    return { open: () => registry, close: () => registry.close() };
  },
  unreachable: {
    open: () =>
      multiRegistry([new FickleRegistry("old:", { away: true }), new FickleRegistry("new:", { away: true })], {
        graceMs: 1,
      }),
    named: "old: + new:: ",
  },
});

/** An old and a new registry, and both as one, with time in the test's hand. */
function pair(options: { old?: FickleRegistryOptions; new?: FickleRegistryOptions } & MultiRegistryOptions = {}) {
  const clock = new ManualClock();
  const logger = recordingLogger();
  const old = new FickleRegistry("old:", { clock, ...options.old });
  const young = new FickleRegistry("new:", { clock, ...options.new });
  const both = multiRegistry([old, young], { clock, logger, graceMs: 1_000, ...options });
  return { clock, logger, old, young, both };
}

describe("multi registry: registering", () => {
  test("goes to all who can, and is done when all have it", async () => {
    const { clock, old, young, both } = pair();
    const registration = await both.register(instance("orders-1"));
    expect([old.ids, young.ids]).toEqual([["orders-1"], ["orders-1"]]);
    await registration.update(instance("orders-1", { state: "draining" }));
    expect([old, young].map(({ table }) => table.all()[0]?.state)).toEqual(["draining", "draining"]);
    await registration.close();
    expect([old.ids, young.ids]).toEqual([[], []]);
    expect(clock.pending).toBe(0);
    await both.close();
  });

  test("leaves out those who cannot", async () => {
    const cluster = { register: false, lease: false, watch: "push" } as const;
    const { old, young, both } = pair({ old: { capabilities: cluster } });
    await both.register(instance("orders-1"));
    expect([old.ids, young.ids]).toEqual([[], ["orders-1"]]);
    await both.close();
  });

  test("a registry that is away stops nobody, and gets what it missed when it is back", async () => {
    const { clock, logger, old, young, both } = pair({ old: { away: true } });
    const registering = both.register(instance("orders-1"));
    await clock.run(1_000);
    const registration = await registering;
    expect([registration.state, young.ids]).toEqual(["registered", ["orders-1"]]);
    await clock.run(10_000);
    expect(logger.lines).toEqual([
      {
        level: "warn",
        fields: { instance: "orders-1" },
        message: "not registered in old: yet, and tried on; another registry has it",
      },
    ]);
    const updating = registration.update(instance("orders-1", { weight: 7 }));
    await clock.run(1_000);
    await updating;
    old.comeBack();
    expect(old.table.all()).toEqual([instance("orders-1", { weight: 7 })]);
    await both.close();
  });

  test("an update that comes while a registry is still tried is what it gets in the end", async () => {
    const { clock, old, both } = pair({ old: { away: true } });
    const registering = both.register(instance("orders-1"));
    await clock.run(1_000);
    await (await registering).update(instance("orders-1", { weight: 7 }));
    old.comeBack();
    await clock.run(0);
    expect(old.table.all()[0]?.weight).toBe(7);
    await both.close();
  });

  test("where none answers in time it is refused, and nothing is left behind", async () => {
    const { clock, old, young, both } = pair({ old: { away: true }, new: { away: true } });
    const refused = expect(both.register(instance("orders-1"), { timeoutMs: 500 })).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/^old: \+ new:: "orders-1" could not be registered \(old:: .*; new:: .*\)$/),
    });
    await clock.run(500);
    await refused;
    old.comeBack();
    young.comeBack();
    await clock.run(60_000);
    expect([old.ids, young.ids, clock.pending]).toEqual([[], [], 0]);
    await both.close();
  });

  test("who does not wait has it at once, and it is registered when one of them is back", async () => {
    const { clock, old, young, both } = pair({ old: { away: true }, new: { away: true } });
    const registration = await both.register(instance("orders-1"), { wait: false });
    const states: string[] = [registration.state];
    registration.onState((state) => states.push(state));
    await clock.run(3_600_000);
    young.comeBack();
    expect(registration.since).toEqual(new Date(clock.now()));
    old.comeBack();
    expect(states).toEqual(["registering", "registered"]);
    expect([old.ids, young.ids]).toEqual([["orders-1"], ["orders-1"]]);
    await both.close();
  });

  test("it is registered while one of them has it, and lost when none has", async () => {
    const { clock, old, young, both } = pair();
    const registration = await both.register(instance("orders-1"));
    const states: string[] = [];
    registration.onState((state) => states.push(`${state} at ${registration.since.getTime() - start}`));
    const start = clock.now();
    old.goAway();
    clock.advance(1_000);
    young.goAway();
    clock.advance(1_000);
    old.comeBack();
    expect(states).toEqual(["lost at 1000", "registered at 2000"]);
    await both.close();
  });

  test("an update is refused only where none can be told", async () => {
    const { clock, old, young, both } = pair();
    const registration = await both.register(instance("orders-1"));
    old.goAway();
    const updating = registration.update(instance("orders-1", { weight: 2 }));
    await clock.run(1_000);
    await updating;
    young.goAway();
    await expect(registration.update(instance("orders-1", { weight: 3 }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/could not be updated now and will be .*old:: .*new:: /),
    });
    old.comeBack();
    expect(old.table.all()[0]?.weight).toBe(3);
    await both.close();
  });

  test("where one has the id from elsewhere the other takes it all the same, and the log says so", async () => {
    const old = memoryRegistry();
    const young = memoryRegistry();
    await old.register(instance("orders-1", { weight: 9 }));
    const logger = recordingLogger();
    await using both = multiRegistry([old, young], { graceMs: 0, logger });
    const registration = await both.register(instance("orders-1"));
    await new Follower(young, "orders").untilIds("orders-1");
    await registration.close();
    expect(logger.lines.map(({ level }) => level)).toEqual(["error"]);
    expect(logger.lines[0]?.message).toMatch(/never registered in memory:: ALREADY_EXISTS/);
    expect((await old.list())[0]?.instances).toBe(1);
  });

  test.each([60_000, Number.POSITIVE_INFINITY])(
    "what is closed while a registry is still tried for %d ms is closed at once, and never comes up there",
    async (timeoutMs) => {
      const { clock, old, young, both } = pair({ old: { away: true } });
      const registering = both.register(instance("orders-1"), { timeoutMs });
      await clock.run(1_000);
      const registration = await registering;
      await registration.close();
      expect([registration.state, clock.pending]).toEqual(["closed", 0]);
      old.comeBack();
      await clock.run(60_000);
      expect([old.ids, young.ids]).toEqual([[], []]);
      await both.close();
    },
  );

  test("an id that was refused in time can be registered again at once, and stays", async () => {
    const { clock, old, young, both } = pair({ old: { away: true }, new: { away: true } });
    const refused = expect(both.register(instance("orders-1"), { timeoutMs: 500 })).rejects.toThrow(
      /not within 500 ms/,
    );
    await clock.run(500);
    await refused;
    const registering = both.register(instance("orders-1"));
    await expect(both.register(instance("orders-1"))).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
    old.comeBack();
    young.comeBack();
    expect((await registering).state).toBe("registered");
    await clock.run(60_000);
    expect([old.ids, young.ids]).toEqual([["orders-1"], ["orders-1"]]);
    await both.close();
  });

  test("a time that is none is refused", async () => {
    await using both = multiRegistry([memoryRegistry(), memoryRegistry()]);
    await expect(both.register(instance("orders-1"), { timeoutMs: Number.NaN })).rejects.toThrow(RangeError);
    expect((await both.register(instance("orders-1"))).state).toBe("registered");
  });

  test("a registry that is closed while nobody answers refuses who waits", async () => {
    const { clock, both } = pair({ old: { away: true }, new: { away: true } });
    const refused = expect(both.register(instance("orders-1"), { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
    });
    await clock.run(1);
    await both.close();
    await refused;
    expect(clock.pending).toBe(0);
  });

  test("closing everything ends what is still tried", async () => {
    const { clock, both, young } = pair({ old: { away: true } });
    const registering = both.register(instance("orders-1"), { timeoutMs: 60_000 });
    await clock.run(1_000);
    const registration = await registering;
    await both.close();
    expect([registration.state, young.closed, clock.pending]).toEqual(["closed", true, 0]);
  });
});

describe("multi registry: watching", () => {
  test("half is not told while the other may yet answer", async () => {
    const { clock, old, young, both } = pair({ new: { away: true } });
    await old.register(instance("orders-1"));
    const orders = new Follower(both, "orders");
    await clock.run(999);
    expect(orders.snapshots).toEqual([]);
    await young.register(instance("orders-2"), { wait: false });
    young.comeBack();
    await clock.run(0);
    expect(orders.snapshots).toHaveLength(1);
    expect(orders.ids).toEqual(["orders-1", "orders-2"]);
    await both.close();
    expect(clock.pending).toBe(0);
  });

  test("who does not answer is not waited for beyond the grace", async () => {
    const { clock, old, young, both } = pair({ new: { away: true } });
    await old.register(instance("orders-1"));
    const orders = new Follower(both, "orders");
    await clock.run(1_000);
    expect(orders.snapshots).toEqual([{ service: "orders", instances: [instance("orders-1")], stale: false }]);
    await young.register(instance("orders-2"), { wait: false });
    young.comeBack();
    await orders.untilIds("orders-1", "orders-2");
    await both.close();
  });

  test("where nobody answers nothing is told, and the first to answer is", async () => {
    const { clock, old, both } = pair({ old: { away: true }, new: { away: true } });
    const orders = new Follower(both, "orders");
    await clock.run(60_000);
    expect(orders.snapshots).toEqual([]);
    old.comeBack();
    expect(await orders.untilIds()).toEqual({ service: "orders", instances: [], stale: false });
    await both.close();
  });

  test("the set is stale only while all are away, and nobody is lost", async () => {
    const { old, young, both } = pair();
    await old.register(instance("orders-1"));
    await young.register(instance("orders-2"));
    const orders = new Follower(both, "orders");
    await orders.untilIds("orders-1", "orders-2");
    old.goAway();
    await young.register(instance("orders-3"));
    await orders.untilIds("orders-1", "orders-2", "orders-3");
    young.goAway();
    await orders.until(({ stale }) => stale);
    old.comeBack();
    await orders.until(({ stale }) => !stale);
    expect(orders.snapshots.map(({ instances, stale }) => `${instances.length}${stale ? "?" : ""}`)).toEqual([
      "2",
      "3",
      "3?",
      "3",
    ]);
    await both.close();
  });

  test("a picture is confirmed by who tells of it and is not away, and by nobody while all are", async () => {
    const events: RegistryEvent[] = [];
    const { old, young, both } = pair({ monitor: (event) => events.push(event) });
    const confirmed = () => events.splice(0).filter(({ type }) => type === "confirmed").length;
    const orders = new Follower(both, "orders");
    await orders.untilIds();
    expect(confirmed()).toBe(2);
    old.goAway();
    await young.register(instance("orders-1"));
    await orders.untilIds("orders-1");
    expect(confirmed()).toBe(1);
    young.goAway();
    await orders.until(({ stale }) => stale);
    expect(confirmed()).toBe(0);
    old.comeBack();
    await orders.until(({ stale }) => !stale);
    expect(confirmed()).toBe(1);
    await both.close();
  });

  test("a move from one to the other goes unnoticed by whoever watches", async () => {
    const { clock, old, young, both } = pair();
    const orders = new Follower(both, "orders");
    const before = await old.register(instance("orders-1")); // knows the old registry alone
    await orders.untilIds("orders-1");
    const during = await both.register(instance("orders-2")); // restarted during the move
    await orders.untilIds("orders-1", "orders-2");
    await young.register(instance("orders-3")); // and after it
    await orders.untilIds("orders-1", "orders-2", "orders-3");
    await before.close();
    await orders.untilIds("orders-2", "orders-3");
    old.goAway(); // for good
    const told = orders.snapshots.length;
    await clock.run(600_000);
    expect(orders.snapshots).toHaveLength(told);
    await during.close();
    await orders.untilIds("orders-3");
    await both.close();
  });

  test("a registry that cannot be watched does not keep the other from it, and the log says so", async () => {
    const { clock, logger, old, young, both } = pair();
    await young.register(instance("orders-1"));
    old.watch = () => {
      throw new Error("not today");
    };
    const orders = new Follower(both, "orders");
    await clock.run(1_000);
    expect(orders.ids).toEqual(["orders-1"]);
    expect(logger.lines[0]?.message).toBe("not watched in old:: not today");
    await both.close();
  });

  test("tells its monitor what it is as a whole", async () => {
    const events: RegistryEvent[] = [];
    const { both } = pair({ monitor: (event) => events.push(event) });
    await both.register(instance("orders-1"));
    await new Follower(both, "orders").untilIds("orders-1");
    await both.close();
    expect(events.filter(({ type }) => type === "registration").map((each) => "state" in each && each.state)).toEqual([
      "registering",
      "registered",
      "closed",
    ]);
    expect(events.filter(({ type }) => type === "snapshot")).toEqual([
      { type: "snapshot", service: "orders", instances: 1, stale: false },
    ]);
  });
});

describe("multi registry: listing and the rest", () => {
  test("a service is listed once, with all its versions and the larger count", async () => {
    const { old, young, both } = pair();
    await old.register(instance("orders-1", { version: "2.0.0" }));
    await both.register(instance("orders-2", { version: "1.0.0" }));
    await young.register(instance("inventory-1", { service: "inventory" }));
    expect(await both.list()).toEqual([
      { name: "inventory", versions: ["1.0.0"], instances: 1 },
      { name: "orders", versions: ["1.0.0", "2.0.0"], instances: 2 },
    ]);
    await both.close();
  });

  test("a list is of those who answer", async () => {
    const { clock, old, young, both } = pair();
    await young.register(instance("orders-1"));
    old.goAway();
    expect(await both.list()).toHaveLength(1);
    old.list = () => new Promise(() => {});
    const listing = both.list();
    await clock.run(1_000);
    expect(await listing).toHaveLength(1);
    await both.close();
  });

  test("it can what is true of the whole", async () => {
    const capabilitiesOf = (...all: (readonly [register: boolean, lease: boolean, watch: "push" | "poll"])[]) =>
      multiRegistry(
        all.map(([register, lease, watch]) => new FickleRegistry("x:", { capabilities: { register, lease, watch } })),
      ).capabilities;
    expect(capabilitiesOf([true, true, "push"], [true, false, "push"])).toEqual({
      register: true,
      lease: false,
      watch: "push",
    });
    expect(capabilitiesOf([true, true, "push"], [false, false, "poll"])).toEqual({
      register: true,
      lease: true,
      watch: "poll",
    });
    expect(capabilitiesOf([false, true, "push"], [false, true, "push"])).toEqual({
      register: false,
      lease: true,
      watch: "push",
    });
  });

  test("where none can register it says who does it", async () => {
    const capabilities = { register: false, lease: true, watch: "push" } as const;
    await using both: Registry = multiRegistry([new FickleRegistry("cluster:", { capabilities })]);
    await expect(both.register(instance("orders-1"))).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  test("what cannot be joined is refused", () => {
    const one = memoryRegistry();
    expect(() => multiRegistry([])).toThrow(/registries is empty/);
    expect(() => multiRegistry([one, one])).toThrow(/memory: is given twice/);
    expect(() => multiRegistry([one], { graceMs: -1 })).toThrow(RangeError);
    expect(multiRegistry([one, memoryRegistry()]).name).toBe("memory: + memory:");
  });
});
