import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { type Feed, ServiceView } from "../../src/registry/service-view.js";
import { Watchers } from "../../src/registry/watchers.js";
import { instance } from "../conformance/registry.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";

function view() {
  const [clock, logger] = [new ManualClock(0), recordingLogger()];
  const events: RegistryEvent[] = [];
  const options = {
    service: "orders",
    clock,
    logger,
    monitor: (event: RegistryEvent) => events.push(event),
    settleMs: 0,
    outsideCalls: <R>(work: () => R) => work(),
  };
  return { clock, logger, events, view: new ServiceView(options) };
}

describe("one service as its watchers see it", () => {
  test("what changes together is told once, ordered by id", async () => {
    const { clock, view: orders } = view();
    const told: Snapshot[] = [];
    orders.add((snapshot) => told.push(snapshot));
    orders.publish([instance("a")]);
    orders.publish([instance("b"), instance("a")]);
    expect(told).toEqual([]);
    await clock.run(0);
    expect(told).toEqual([{ service: "orders", instances: [instance("a"), instance("b")], stale: false }]);
  });

  test("what changes and changes back before it is told is no news", async () => {
    const { clock, view: orders } = view();
    let told = 0;
    orders.add(() => told++);
    orders.publish([instance("a")]);
    await clock.run(0);
    orders.markStale();
    orders.publish([instance("a")]);
    await clock.run(0);
    expect(told).toBe(1);
  });

  test("a watcher that comes late is told what is known, and nobody else is told again", async () => {
    const { clock, view: orders } = view();
    const [early, late]: [Snapshot[], Snapshot[]] = [[], []];
    orders.add((snapshot) => early.push(snapshot));
    orders.publish([instance("a")]);
    await clock.run(0);
    orders.add((snapshot) => late.push(snapshot));
    await clock.run(0);
    expect(late).toEqual(early);
    expect(early).toHaveLength(1);
  });

  test("a watcher that leaves while others are told is not told any more", async () => {
    const { clock, view: orders } = view();
    const told: string[] = [];
    orders.add(() => {
      told.push("first");
      orders.remove(second);
    });
    const second = orders.add(() => told.push("second"));
    orders.publish([]);
    await clock.run(0);
    expect(told).toEqual(["first"]);
  });

  test("its monitor hears of the beginning, of every set that is told, of every confirmation, and of the end", async () => {
    const { clock, events, view: orders } = view();
    orders.start(() => () => {});
    orders.add(() => {});
    orders.publish([instance("a")]);
    await clock.run(0);
    orders.confirm();
    orders.markStale();
    await clock.run(0);
    await orders.end();
    const service = "orders";
    expect(events).toEqual([
      { type: "watched", service },
      { type: "confirmed", service },
      { type: "snapshot", service, instances: 1, stale: false },
      { type: "confirmed", service },
      { type: "snapshot", service, instances: 1, stale: true },
      { type: "unwatched", service },
    ]);
  });

  test("what was published just before the end is told to nobody, not even to the monitor", async () => {
    const { clock, events, view: orders } = view();
    orders.add(() => {});
    orders.publish([instance("a")]);
    await orders.end();
    await clock.run(0);
    expect(events.map(({ type }) => type)).toEqual(["confirmed", "unwatched"]);
  });
});

describe("everybody who watches through one registry", () => {
  function watchers() {
    const [clock, logger] = [new ManualClock(0), recordingLogger()];
    const feeds: Feed[] = [];
    const ended: string[] = [];
    const all = new Watchers({
      registryName: "test:",
      logger,
      clock,
      follow: (feed) => {
        feeds.push(feed);
        return () => void ended.push(feed.service);
      },
    });
    return { all, clock, logger, feeds, ended };
  }

  test("a service is followed once, from its first watcher to its last", async () => {
    const { all, feeds, ended } = watchers();
    const [one, two] = [all.watch("orders", () => {}), all.watch("orders", () => {})];
    expect(feeds.map(({ service }) => service)).toEqual(["orders"]);
    await one.close();
    await one.close();
    expect(ended).toEqual([]);
    await two.close();
    expect(ended).toEqual(["orders"]);
  });

  test("a service that is watched again after its last watcher begins with nothing", async () => {
    const { all, clock, feeds } = watchers();
    const first = all.watch("orders", () => {});
    feeds[0]?.publish([instance("a")]);
    await first.close();
    const told: Snapshot[] = [];
    all.watch("orders", (snapshot) => told.push(snapshot));
    feeds[0]?.publish([instance("b")]);
    await clock.run(0);
    expect(told).toEqual([]);
    feeds[1]?.publish([instance("c")]);
    await clock.run(0);
    expect(told.map(({ instances }) => instances)).toEqual([[instance("c")]]);
  });

  test("a watcher that throws is logged with its service, and the others are told", async () => {
    const { all, clock, logger, feeds } = watchers();
    const told: Snapshot[] = [];
    const error = new Error("not my day");
    all.watch("orders", () => {
      throw error;
    });
    all.watch("orders", (snapshot) => told.push(snapshot));
    feeds[0]?.publish([]);
    await clock.run(0);
    expect(told).toHaveLength(1);
    expect(logger.lines).toMatchObject([{ level: "error", fields: { err: error, service: "orders" } }]);
  });

  test("a service that could not be followed can be followed the next time", async () => {
    let tries = 0;
    const watchers = new Watchers({
      registryName: "test:",
      logger: recordingLogger(),
      follow: (feed) => {
        if (++tries === 1) throw new Error("not yet");
        feed.publish([instance("orders-1")]);
        return () => {};
      },
    });
    expect(() => watchers.watch("orders", () => {})).toThrow("not yet");
    const first = new Promise<Snapshot>((resolve) => watchers.watch("orders", resolve));
    expect((await first).instances).toEqual([instance("orders-1")]);
    await watchers.close();
  });

  test("no watcher sees the context of the call that watches, nor of one that changes something", async () => {
    const calls = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const feeds: Feed[] = [];
    const watchers = new Watchers({
      registryName: "test:",
      logger: recordingLogger(),
      follow: (feed) => {
        seen.push(calls.getStore());
        feeds.push(feed);
        return () => {};
      },
    });
    const told = new Promise<void>((resolve) => {
      calls.run("a call that watches", () => {
        watchers.watch("orders", () => {
          seen.push(calls.getStore());
          resolve();
        });
      });
    });
    calls.run("a call that changes something", () => feeds[0]!.publish([instance("orders-1")]));
    await told;
    expect(seen).toEqual([undefined, undefined]);
    await watchers.close();
  });
});
