import { describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { ServiceView } from "../../src/registry/service-view.js";
import { instance } from "../conformance/registry.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";

/** A view of one service, and what its only watcher is told: `a,b` or `a,b stale`. */
function view({ settleMs = 10_000 } = {}) {
  const clock = new ManualClock(0);
  const told: string[] = [];
  const events: RegistryEvent[] = [];
  const made = new ServiceView({
    service: "orders",
    clock,
    logger: recordingLogger(),
    monitor: (event) => events.push(event),
    settleMs,
    outsideCalls: (work) => work(),
  });
  made.start(() => () => {});
  made.add(({ instances, stale }: Snapshot) => {
    told.push(
      `${instances.map(({ id, state }) => (state === "draining" ? `${id} draining` : id))}${stale ? " stale" : ""}`,
    );
  });
  const says = async (...ids: readonly string[]) => {
    made.publish(ids.map((id) => instance(id)));
    await clock.run(0);
  };
  const away = async () => {
    made.markStale();
    await clock.run(0);
  };
  return { clock, told, events, view: made, says, away };
}

describe("after an outage of the backend", () => {
  test("who is missing is kept, and the set stale, until the settling time is over", async () => {
    const { clock, told, says, away } = view();
    await says("a", "b");
    await away();
    await says("b");
    await clock.run(9_999);
    expect(told).toEqual(["a,b", "a,b stale"]);
    await clock.run(1);
    expect(told).toEqual(["a,b", "a,b stale", "b"]);
    expect(clock.pending).toBe(0);
  });

  test("the set is fresh as soon as everybody has registered again", async () => {
    const { clock, told, says, away } = view();
    await says("a", "b");
    await away();
    await says();
    await says("a");
    await says("a", "b");
    await clock.run(60_000);
    expect(told).toEqual(["a,b", "a,b stale", "a,b"]);
  });

  test("who is new is told at once, beside those who are missing", async () => {
    const { told, says, away } = view();
    await says("a");
    await away();
    await says("c");
    expect(told.at(-1)).toBe("a,c stale");
  });

  test("who goes missing later, while others still settle, is kept as long as they", async () => {
    const { clock, told, says, away } = view();
    await says("a", "b");
    await away();
    await says("a", "b");
    await clock.run(4_000);
    await says("a");
    expect(told.at(-1)).toBe("a,b stale");
    await clock.run(6_000);
    expect(told.at(-1)).toBe("a");
  });

  test("who said good-bye is not waited for", async () => {
    const { clock, told, view: orders, away } = view();
    orders.publish([instance("a"), instance("b", { state: "draining" })]);
    await clock.run(0);
    await away();
    orders.publish([instance("a")]);
    await clock.run(0);
    expect(told).toEqual(["a,b draining", "a,b draining stale", "a"]);
  });

  test("another outage before all have settled begins the settling time anew", async () => {
    const { clock, told, says, away } = view();
    await says("a", "b");
    await away();
    await says("b");
    await clock.run(9_000);
    await away();
    await clock.run(60_000);
    expect(told.at(-1)).toBe("a,b stale");
    await says("b");
    await clock.run(9_999);
    expect(told.at(-1)).toBe("a,b stale");
    await clock.run(1);
    expect(told.at(-1)).toBe("b");
  });

  test("with a settling time of 0 the backend is believed at once", async () => {
    const { clock, told, says, away } = view({ settleMs: 0 });
    await says("a", "b");
    await away();
    await says();
    expect(told).toEqual(["a,b", "a,b stale", ""]);
    expect(clock.pending).toBe(0);
  });

  test("without an outage who is missing is gone", async () => {
    const { told, says } = view();
    await says("a", "b");
    await says("b");
    expect(told).toEqual(["a,b", "b"]);
  });

  test("that is over counts no more", async () => {
    const { clock, told, says, away } = view();
    await says("a", "b");
    await away();
    await says("a", "b");
    await clock.run(10_000);
    await says("a");
    expect(told.at(-1)).toBe("a");
  });

  test("an outage before anything is known claims nothing", async () => {
    const { told, says, away } = view();
    await away();
    expect(told).toEqual([]);
    await says("a");
    expect(told).toEqual(["a"]);
  });

  test("a view that has ended in the middle of it tells nothing and leaves no timer", async () => {
    const { clock, told, events, view: orders, says, away } = view();
    await says("a", "b");
    await away();
    orders.publish([instance("b"), instance("c")]);
    await orders.end();
    const before = told.length;
    orders.publish([]);
    orders.markStale();
    orders.confirm();
    await clock.run(60_000);
    expect(told).toHaveLength(before);
    expect(clock.pending).toBe(0);
    expect(events.at(-1)).toEqual({ type: "unwatched", service: "orders" });
  });
});
