import { describe, expect, it } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { type App, defineApp, type Placement, type RunningApp } from "../../../src/service/service.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
import { type EchoClient, echoing, gate, SharedRegistry, started } from "./stage.js";

/** `front` passes calls on to `back`, which says by what road they came: `memory`, or an address. */
function twoServices(): App {
  return defineApp({
    services: [
      echoing("front", {
        needs: ["back"],
        handlers: ({ needs }) => ({
          unary: (request) => needs["back"]!.unary(request),
          serverStream: (request) => needs["back"]!.serverStream(request),
        }),
      }),
      echoing("back", {
        handlers: () => ({
          unary: (_, call) => ({ text: call.peer }),
          async *serverStream({ count, delayMs }, call) {
            for (let index = 0; index < count; index++) {
              await new Promise((resolve) => setTimeout(resolve, delayMs));
              yield { index, text: call.peer };
            }
          },
        }),
      }),
    ],
  });
}

const wire = /^127\.0\.0\.1:\d+$/;

async function roadOf(client: EchoClient): Promise<string> {
  return (await client.unary({})).text;
}

describe("where calls go", () => {
  it("is this process where the one they need runs here too", async () => {
    const registry = new SharedRegistry();
    const running = await started(twoServices(), { remote: { registry } });
    await started(twoServices(), { remote: { registry } });
    const front = running.client(EchoServiceDefinition, "front");
    for (let round = 0; round < 20; round++) expect(await roadOf(front)).toBe("memory");
  });

  it("is the wire where it runs elsewhere alone", async () => {
    const registry = new SharedRegistry();
    const app = twoServices();
    await started(app, { services: ["back"], remote: { registry } });
    const running = await started(app, { services: ["front"], remote: { registry } });
    expect(await roadOf(running.client(EchoServiceDefinition, "front"))).toMatch(wire);
    expect(await roadOf(running.client(EchoServiceDefinition, "back"))).toMatch(wire);
  });

  it.each<[placement: Placement, road: RegExp]>([
    ["auto", /^memory$/],
    ["local", /^memory$/],
    ["remote", wire],
  ])("is as the app's start says: %s", async (placement, road) => {
    const running = await started(twoServices(), { remote: { registry: new SharedRegistry() }, placement });
    expect(await roadOf(running.client(EchoServiceDefinition, "front"))).toMatch(road);
  });

  it("is as the need says, whatever the start does", async () => {
    const needs = { back: { contract: EchoServiceDefinition, placement: "remote" as const } };
    const app = defineApp({
      services: [
        echoing("front", {
          needs,
          handlers: (context) => ({ unary: (request) => context.needs["back"]!.unary(request) }),
        }),
        echoing("back", { handlers: () => ({ unary: (_, call) => ({ text: call.peer }) }) }),
      ],
    });
    const running = await started(app, { remote: { registry: new SharedRegistry() }, placement: "local" });
    expect(await roadOf(running.client(EchoServiceDefinition, "front"))).toMatch(wire);
    expect(await roadOf(running.client(EchoServiceDefinition, "back", { placement: "remote" }))).toMatch(wire);
  });

  it("can be changed while calls run, and none fails", async () => {
    const running = await started(twoServices(), { remote: { registry: new SharedRegistry() } });
    const load = callers(running.client(EchoServiceDefinition, "front"));
    for (const placement of ["remote", "local", "auto", "remote", "auto"] as const) {
      running.place("front", "back", placement);
      await load.rounds(5);
    }
    const roads = await load.end();
    expect(roads).toContain("memory");
    expect(roads.some((road) => wire.test(road))).toBe(true);
  });

  it("lets a stream end on the road it began on", async () => {
    const running = await started(twoServices(), { remote: { registry: new SharedRegistry() } });
    const stream = running.client(EchoServiceDefinition, "front").serverStream({ count: 20, delayMs: 2 });
    const roads = new Set<string>();
    for await (const { index, text } of stream) {
      if (index === 2) running.place("front", "back", "remote");
      roads.add(text);
    }
    expect([...roads]).toEqual(["memory"]);
    expect(await roadOf(running.client(EchoServiceDefinition, "front"))).toMatch(wire);
  });

  it.each<[problem: string, place: (running: RunningApp) => void, message: string]>([
    [
      "a service that is not here",
      (running) => running.place("back", "front", "local"),
      '"back" does not run here (here are: front)',
    ],
    [
      "a need it does not have",
      (running) => running.place("front", "side", "remote"),
      'front has no need "side" (it needs: back)',
    ],
    [
      "a place there is none of",
      (running) => running.place("front", "back", "there" as Placement),
      'place: expected auto, local, remote, was "there"',
    ],
    [
      "a need to be local that is not here",
      (running) => running.place("front", "back", "local"),
      "front needs back in this process (placement: local), and it does not run here",
    ],
  ])("cannot be changed for %s", async (_, place, message) => {
    const registry = new SharedRegistry();
    const running = await started(twoServices(), { services: ["front"], remote: { registry } });
    expect(() => place(running)).toThrow(message);
  });

  it("cannot be the wire where there is no registry", async () => {
    const running = await started(twoServices());
    expect(() => running.place("front", "back", "remote")).toThrow(
      "front needs back over the wire (placement: remote), and there is no registry to find it in; set HAWSER_REGISTRY",
    );
    expect(await roadOf(running.client(EchoServiceDefinition, "front"))).toBe("memory");
  });
});

describe("a service that moves", () => {
  it("out of the process and back under load fails no call, unary or stream", async () => {
    const registry = new SharedRegistry();
    const app = twoServices();
    const here = await started(app, { remote: { registry } });
    const there = await started(app, { services: [], remote: { registry } });
    const front = here.client(EchoServiceDefinition, "front");
    const outside = there.client(EchoServiceDefinition, "back");
    const load = [callers(front), callers(outside), streams(front)];
    const all = (): Promise<unknown> => Promise.all(load.map((each) => each.rounds(3)));
    for (let round = 0; round < 3; round++) {
      await all();
      await there.startService("back");
      await here.stopService("back");
      expect(here.services).toEqual(["front"]);
      expect(await roadOf(front)).toMatch(wire);
      await all();
      await here.startService("back");
      await there.stopService("back");
      expect(await roadOf(front)).toBe("memory");
    }
    const [roads] = await Promise.all(load.map((each) => each.end()));
    expect(roads).toContain("memory");
    expect(roads?.some((road) => wire.test(road))).toBe(true);
  });

  it("in is called from here once its onReady is over, and elsewhere until then", async () => {
    const registry = new SharedRegistry();
    const [begun, ready] = [gate(), gate()];
    let moves = 0;
    const app = defineApp({
      services: [
        echoing("back", {
          setup: ({ onReady }) =>
            onReady(async () => {
              if (moves++ === 0) return; // the one there
              begun.open();
              await ready.passed;
            }),
          handlers: () => ({ unary: (_, call) => ({ text: call.peer }) }),
        }),
      ],
    });
    await started(app, { remote: { registry } });
    const here = await started(app, { services: [], remote: { registry } });
    const back = here.client(EchoServiceDefinition, "back");
    const moving = here.startService("back");
    await begun.passed;
    for (let round = 0; round < 10; round++) expect(await roadOf(back)).toMatch(wire);
    ready.open();
    await moving;
    expect(await roadOf(back)).toBe("memory");
  });

  it("takes those that need it along in time: calls wait until it is there again", async () => {
    const clock = new ManualClock();
    const running = await started(twoServices(), { clock });
    const front = running.client(EchoServiceDefinition, "front");
    expect(await roadOf(front)).toBe("memory");
    await running.stopService("back");
    let answered = false;
    const waiting = roadOf(front).finally(() => {
      answered = true;
    });
    await clock.run(4000); // of the 5 s that a call has
    expect(answered).toBe(false);
    await running.startService("back");
    expect(await waiting).toBe("memory");
  });

  it("is said to be missing, with where it was looked for, where nobody brings it back", async () => {
    const clock = new ManualClock();
    const running = await started(twoServices(), { clock });
    await running.stopService("back");
    for (const service of ["front", "back"]) {
      const failed = rpcFailure(running.client(EchoServiceDefinition, service).unary({}));
      await clock.run(5000);
      expect(await failed).toMatchObject({
        code: Code.UNAVAILABLE,
        message: 'no instance of "back" in this process (0 registered); did it start? try: hawser list',
      });
    }
  });

  it("starts once, however often it is asked to at the same time", async () => {
    let setups = 0;
    const app = defineApp({ services: [echoing("orders", { setup: () => setups++ }), echoing("stock")] });
    const running = await started(app, { services: ["stock"] });
    const [first, second] = await Promise.allSettled([running.startService("orders"), running.startService("orders")]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: new RangeError("orders runs here already") });
    expect(setups).toBe(1);
    await running.stopService("orders");
    await running.startService("orders");
    expect(setups).toBe(2);
  });

  it("may come again while it is given up: nothing of either is lost", async () => {
    const undone: number[] = [];
    const begun = gate();
    let setups = 0;
    const app = defineApp({
      services: [
        echoing("orders", {
          setup({ defer }) {
            const setup = ++setups;
            defer(() => undone.push(setup));
            begun.open();
            return setup === 1 ? new Promise(() => {}) : undefined;
          },
        }),
        echoing("stock"),
      ],
    });
    const running = await started(app, { services: ["stock"] });
    const first = running.startService("orders");
    await begun.passed;
    const stopped = running.stopService("orders").then(() => running.startService("orders"));
    await expect(first).rejects.toThrow("orders was stopped before its setup had ended");
    await stopped;
    expect(running.services).toEqual(["stock", "orders"]);
    await running.close();
    expect(undone).toEqual([1, 2]);
  });

  it("that cannot start leaves the others alone", async () => {
    const registry = new SharedRegistry();
    const app = defineApp({
      services: [echoing("orders", { setup: () => Promise.reject(new Error("no book")) }), echoing("stock")],
    });
    const running = await started(app, { services: ["stock"], remote: { registry } });
    const before = registry.open;
    await expect(running.startService("orders")).rejects.toThrow("orders: setup failed: no book");
    expect(running.services).toEqual(["stock"]);
    expect(registry.open).toBe(before);
    await expect(running.startService("books")).rejects.toThrow('app has no service "books" (it has: orders, stock)');
    await expect(running.stopService("orders")).rejects.toThrow('"orders" does not run here (here are: stock)');
  });

  it("cannot come where what it needs cannot be found", async () => {
    const running = await started(twoServices(), { services: [] });
    await expect(running.startService("front")).rejects.toThrow(
      "front needs back, which does not run here, and there is no registry to find it in; set HAWSER_REGISTRY",
    );
  });
});

interface Load {
  /** Resolves when every caller has made so many further calls. */
  rounds(count: number): Promise<void>;
  /** Stops, and says the roads that were taken. @throws what the first call failed with */
  end(): Promise<readonly string[]>;
}

/** Eight who call all the time. */
function loaded(call: (roads: Set<string>) => Promise<void>): Load {
  const roads = new Set<string>();
  const counts = Array.from({ length: 8 }, () => 0);
  let over = false;
  const looping = counts.map(async (_, index) => {
    while (!over) {
      await call(roads);
      counts[index]!++;
      await new Promise(setImmediate); // calls in memory take no turn of the event loop: nobody else would get one
    }
  });
  const done = Promise.all(looping);
  done.catch(() => {});
  return {
    async rounds(count) {
      const wanted = counts.map((each) => each + count);
      while (counts.some((each, index) => each < (wanted[index] as number))) {
        await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 1))]);
      }
    },
    async end() {
      over = true;
      await done;
      return [...roads];
    },
  };
}

const callers = (client: EchoClient): Load => loaded(async (roads) => void roads.add(await roadOf(client)));

const streams = (client: EchoClient): Load =>
  loaded(async (roads) => {
    let count = 0;
    for await (const { index, text } of client.serverStream({ count: 5, delayMs: 1 })) {
      expect(index).toBe(count++);
      roads.add(text);
    }
    expect(count).toBe(5);
  });
