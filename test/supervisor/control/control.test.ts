import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import type { Progress } from "../../../src/gen/hawser/supervisor/v1/supervisor.js";
import { createServer, type Server } from "../../../src/server/server.js";
import {
  type AppInfo,
  fromChild,
  fromEvent,
  fromLine,
  SupervisorServiceDefinition,
  supervisorHandlers,
} from "../../../src/supervisor/control/control.js";
import type { ChildStatus } from "../../../src/supervisor/supervisor.js";
import { memoryTransport } from "../../../src/transport/memory/memory.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { eventually } from "../../support/eventually.js";
import { child, FakeSupervisor, line, startFailure } from "../../support/fake-supervisor.js";
import { ManualClock } from "../../support/manual-clock.js";
import { Moment } from "../../support/moment.js";

const info: AppInfo = {
  name: "shop",
  file: "/home/ada/shop/app.ts",
  pid: 7,
  registry: "hawser://127.0.0.1:7400",
  startedAt: Date.UTC(2020, 0, 1, 12),
};

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ graceMs: 0 })));
});

/** A supervisor, and somebody who controls it. */
async function controlled(...statuses: ChildStatus[]) {
  const supervisor = new FakeSupervisor(...statuses);
  const clock = new ManualClock();
  const ending = new AbortController();
  const transport = memoryTransport();
  const server = createServer({ transport, address: "memory://supervisor" });
  server.add(SupervisorServiceDefinition, supervisorHandlers({ supervisor, info, signal: ending.signal, clock }));
  await server.start();
  servers.push(server);
  const control = createClient(SupervisorServiceDefinition, { transport, target: server.address, retry: false });
  return { supervisor, control, clock, end: () => ending.abort() };
}

/** What comes next of a stream. */
async function next<T>(stream: AsyncIterator<T>): Promise<T> {
  const { done, value } = await stream.next();
  if (done) throw new Error("the stream has ended");
  return value;
}

const open = <T>(stream: AsyncIterable<T>): AsyncIterator<T> => stream[Symbol.asyncIterator]();

describe("control of a supervisor", () => {
  it("tells what runs", async () => {
    const { control } = await controlled();
    expect(await control.info({})).toMatchObject({ ...info, startedAt: new Date(info.startedAt) });
  });

  it("tells of every process all that the supervisor knows", async () => {
    const busy = child({
      name: "orders-1",
      restarts: 2,
      lastExit: { code: null, signal: "SIGKILL", reason: "frozen: 3 pings unanswered", lastLines: ["a", "b"] },
      stats: {
        cpu: 0.25,
        memoryBytes: 84_000_000,
        eventLoopDelayMs: 1.5,
        callsPerSecond: 12,
        errorsPerSecond: 0.5,
        p50Ms: 1,
        p99Ms: 20,
      },
    });
    const idle = child({
      name: "orders-2",
      state: "backing-off",
      pid: undefined,
      startedAt: undefined,
      step: "setting up orders",
      lastExit: { code: 1, signal: null, lastLines: [] },
      stats: { cpu: 0, memoryBytes: 0, eventLoopDelayMs: 0, callsPerSecond: 0, errorsPerSecond: 0 },
    });
    const { control } = await controlled(busy, idle);
    const { children } = await control.list({});
    expect(children.map(fromChild)).toEqual([busy, idle]);
  });

  it.each(["waiting", "starting", "ready", "stopping", "backing-off", "stopped"] as const)(
    "tells that a process is %s",
    async (state) => {
      const { control } = await controlled(child({ name: "orders-1", state }));
      const { children } = await control.list({});
      expect(children.map(fromChild)).toMatchObject([{ state }]);
    },
  );

  it("tells again whenever something happens, and once a second, until the supervisor ends", async () => {
    const { supervisor, control, clock, end } = await controlled(child({ name: "orders-1", restarts: 0 }));
    const stream = open(control.watch({}));
    expect((await next(stream)).children).toMatchObject([{ restarts: 0 }]);
    supervisor.statuses = [child({ name: "orders-1", restarts: 1 })];
    supervisor.happen("orders-1", "restarting");
    expect((await next(stream)).children).toMatchObject([{ restarts: 1 }]);
    supervisor.statuses = [child({ name: "orders-1", restarts: 2 })];
    const later = next(stream);
    await clock.run(1000);
    expect((await later).children).toMatchObject([{ restarts: 2 }]);
    end();
    expect(await stream.next()).toMatchObject({ done: true });
    expect({ listeners: supervisor.listeners, timers: clock.pending }).toEqual({ listeners: 0, timers: 0 });
  });
});

describe("logs", () => {
  const children = [child({ name: "orders-1" }), child({ name: "orders-2" }), child({ name: "inventory-1" })];

  it("are the last lines of all, or of the services and processes that are named", async () => {
    const { supervisor, control } = await controlled(...children);
    supervisor.written = ["orders-1", "orders-2", "inventory-1"].map((name) => line(name, `by ${name}`));
    const texts = async (names: string[], lines?: number): Promise<string[]> => {
      const entries = await collect(control.logs({ names, ...(lines !== undefined && { lines }) }));
      return entries.map(({ entry }) => (entry?.$case === "line" ? entry.value.text : "?"));
    };
    expect(await texts([])).toEqual(["by orders-1", "by orders-2", "by inventory-1"]);
    expect(await texts([], 1)).toEqual(["by inventory-1"]);
    expect(await texts(["orders"])).toEqual(["by orders-1", "by orders-2"]);
    expect(await texts(["orders-2", "inventory"])).toEqual(["by orders-2", "by inventory-1"]);
    expect(await texts(["orders"], 0)).toEqual([]);
    supervisor.written = Array.from({ length: 200 }, (_, number) => line("orders-1", `line ${number}`));
    expect(await texts([], 150)).toHaveLength(150);
    const unlessSaid = await texts([]);
    expect([unlessSaid.length, unlessSaid[0]]).toEqual([100, "line 100"]);
  });

  it("arrive as they were written", async () => {
    const { supervisor, control } = await controlled(...children);
    const written = {
      ...line("orders-1", "\u001b[31mboom\u0000 🚢"),
      stream: "stderr",
      time: 1_600_000_000_123,
    } as const;
    supervisor.written = [written];
    const [first] = await collect(control.logs({ lines: 1 }));
    expect(first?.entry?.$case === "line" && fromLine(first.entry.value)).toEqual(written);
  });

  it("go on, with what happens, for the named alone; also for those that came later", async () => {
    const { supervisor, control, end } = await controlled(...children);
    supervisor.written = [line("orders-1", "before")];
    const stream = open(control.logs({ names: ["orders"], lines: 10, follow: true }));
    expect(await next(stream)).toMatchObject({ entry: { value: { text: "before" } } });
    supervisor.say("inventory-1", "not asked for");
    supervisor.happen("inventory-1", "exited");
    supervisor.say("orders-2", "after");
    supervisor.statuses = [...children, child({ name: "orders-3" })];
    supervisor.happen("orders-3", "started");
    supervisor.say("orders-3", "new");
    supervisor.statuses = children;
    supervisor.happen("orders-3", "stopped", "no longer wanted");
    end();
    const rest = await collect({ [Symbol.asyncIterator]: () => stream });
    expect(rest.map(({ entry }) => entry)).toMatchObject([
      { $case: "line", value: { child: "orders-2", text: "after" } },
      { $case: "event", value: { child: "orders-3", type: "started" } },
      { $case: "line", value: { child: "orders-3", text: "new" } },
      { $case: "event", value: { child: "orders-3", type: "stopped", text: "no longer wanted" } },
    ]);
    expect(supervisor.listeners).toBe(0);
  });

  it("of nobody are refused, with the names there are", async () => {
    const { control } = await controlled(...children);
    const error = await rpcFailure(control.logs({ names: ["order"], lines: 1 }));
    expect(error.toString()).toBe(
      'NOT_FOUND: no process or group "order"; there: orders, orders-1, orders-2, inventory, inventory-1',
    );
  });

  it("are not kept for one who does not read: the oldest go, and the reader is told how many", async () => {
    const { supervisor, control, end } = await controlled(...children);
    const stream = open(control.logs({ follow: true }));
    const first = next(stream);
    await eventually(() => expect(supervisor.listeners).toBe(2));
    supervisor.say("orders-1", "first");
    await first;
    for (let i = 0; i < 20_000; i++) supervisor.say("orders-1", String(i));
    end();
    const rest = await collect({ [Symbol.asyncIterator]: () => stream });
    const skipped = rest.map(({ entry }) => (entry?.$case === "skipped" ? entry.value : 0)).reduce((a, b) => a + b, 0);
    const lines = rest.filter(({ entry }) => entry?.$case === "line");
    expect(skipped).toBeGreaterThanOrEqual(9_000);
    expect(skipped + lines.length).toBe(20_000);
    expect(lines.at(-1)).toMatchObject({ entry: { value: { text: "19999" } } });
  });
});

describe("work", () => {
  const orders = child({ name: "orders-1" });

  it.each([
    ["restart", { names: [] }, "restart"],
    ["restart", { names: ["orders", "inventory-1"] }, "restart orders inventory-1"],
    ["stop", { names: ["orders"] }, "stop orders"],
    ["scale", { group: "orders", count: 3 }, "scale orders 3"],
    ["shutdown", {}, "close"],
  ] as const)("%s %j is done by the supervisor, and what happens meanwhile is told", async (method, request, asked) => {
    const { supervisor, control } = await controlled(orders);
    supervisor.work = async () => {
      supervisor.happen("orders-1", "stopping", "asked to go");
      supervisor.happen("orders-1", "stopped", "gone");
    };
    const call = control[method] as (message: object) => AsyncIterable<{ readonly progress: Progress }>;
    const all = await collect(call(request));
    expect(supervisor.asked).toEqual([asked]);
    expect(all.map(({ progress: { told } }) => told?.$case === "event" && fromEvent(told.value))).toEqual([
      { child: "orders-1", type: "stopping", text: "asked to go" },
      { child: "orders-1", type: "stopped", text: "gone" },
    ]);
    expect(supervisor.listeners).toBe(0);
  });

  it("goes on where its caller gives up", async () => {
    const { supervisor, control } = await controlled(orders);
    const [begun, finish, finished] = [new Moment(), new Moment(), new Moment()];
    supervisor.work = async () => {
      begun.now();
      await finish.promise;
      finished.now();
    };
    const caller = new AbortController();
    const failed = rpcFailure(control.restart({}, { signal: caller.signal }));
    await begun.promise;
    caller.abort();
    expect((await failed).code).toBe(Code.CANCELLED);
    finish.now();
    await finished.promise;
    expect(supervisor.listeners).toBe(0);
  });

  it("on a name nobody has is NOT_FOUND", async () => {
    const { supervisor, control } = await controlled(orders);
    supervisor.work = async () => {
      throw new RangeError('nobody is called "order"; there: orders-1');
    };
    const error = await rpcFailure(control.stop({ names: ["order"] }));
    expect(error.toString()).toBe('NOT_FOUND: nobody is called "order"; there: orders-1');
  });

  it("that failed because a process did not start tells the report before", async () => {
    const { supervisor, control } = await controlled(orders);
    const report = "orders-1 ended with code 1\nthe last lines of orders-1:\n  | boom";
    supervisor.work = async () => {
      throw startFailure("orders-1", report);
    };
    const stream = open(control.restart({}));
    expect(await next(stream)).toMatchObject({ progress: { told: { $case: "report", value: report } } });
    const error = await rpcFailure(stream.next());
    expect(error.toString()).toBe("FAILED_PRECONDITION: orders-1 ended with code 1");
  });

  it("that failed with more words than a header field can carry is told shorter", async () => {
    const { supervisor, control } = await controlled(orders);
    supervisor.work = async () => {
      throw new Error("x".repeat(100_000));
    };
    expect((await rpcFailure(control.restart({}))).message).toBe("x".repeat(1000));
  });

  it("that failed for another reason tells it whole: only the user whose processes these are can ask", async () => {
    const { supervisor, control } = await controlled(orders);
    supervisor.work = async () => {
      throw new Error("spawn node EAGAIN");
    };
    const error = await rpcFailure(control.scale({ group: "orders", count: 1 }));
    expect(error.toString()).toBe("UNKNOWN: spawn node EAGAIN");
  });

  it("to stop nobody is refused: that is Shutdown", async () => {
    const { supervisor, control } = await controlled(orders);
    const error = await rpcFailure(control.stop({}));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(supervisor.asked).toEqual([]);
  });
});
