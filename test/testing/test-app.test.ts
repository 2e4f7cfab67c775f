import { context } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RpcError } from "../../src/errors/errors.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { manualClock, testApp } from "../../src/testing/testing.js";
import { sleep } from "../../src/time/time.js";
import { rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { harbour, pier } from "./harbour.js";

describe("testApp", () => {
  it("starts all services, and calls go through them", async () => {
    await using app = await testApp(pier);

    expect(await app.client("desk").put({ text: "tar" })).toMatchObject({ text: "tar", index: 1 });
    expect(app.services).toEqual(["ledger", "desk"]);
  });

  it("starts one service alone, with a fake for what it needs", async () => {
    await using app = await testApp(pier, {
      only: ["desk"],
      replace: { ledger: { put: ({ text }) => ({ text, index: 17 }) } },
    });

    expect(await app.client("desk").put({ text: "tar" })).toMatchObject({ text: "tar", index: 17 });
    expect(app.services).toEqual(["ledger", "desk"]);
  });

  it("takes no part of the replaced service, nor of what only that one needed", async () => {
    const made: string[] = [];
    const well = defineService({ name: "well", setup: () => void made.push("well") });
    const pump = defineService({
      name: "pump",
      contract: EchoServiceDefinition,
      needs: { deep: EchoServiceDefinition },
      setup: () => echo({ unary: () => ({ text: String(made.push("pump")) }) }),
    });
    const deep = defineService({
      name: "deep",
      contract: EchoServiceDefinition,
      setup: () => echo({ unary: () => ({ text: String(made.push("deep")) }) }),
    });
    const tap = defineService({
      name: "tap",
      contract: EchoServiceDefinition,
      needs: { pump: EchoServiceDefinition },
      setup: ({ needs }) => echo({ unary: (request) => needs.pump.unary(request) }),
    });
    await using app = await testApp(defineApp({ services: [tap, pump, deep, well] }), {
      only: ["tap"],
      replace: { pump: { unary: () => ({ text: "fake" }) } },
    });

    expect((await app.client("tap").unary({})).text).toBe("fake");
    expect(made).toEqual([]);
  });

  it("silences a service that nobody calls", async () => {
    const made: string[] = [];
    const sweeper = defineService({ name: "sweeper", setup: () => void made.push("sweeper") });
    await using app = await testApp(defineApp({ services: [sweeper] }), { replace: { sweeper: {} } });

    expect([app.services, made]).toEqual([["sweeper"], []]);
  });

  it("says which method is called and not faked, and how to fake it", async () => {
    await using app = await testApp(pier, { only: ["desk"], replace: { ledger: {} } });

    const error = await rpcFailure(app.client("desk").unary({}));
    expect(String(error)).toBe(
      "UNIMPLEMENTED: ledger.unary is not faked, and was called; say replace: { ledger: { unary: … } }",
    );
    const streamed = await rpcFailure(app.client("desk").serverStream({}));
    expect(streamed.message).toContain("ledger.serverStream is not faked");
  });

  it("asks a fake anew at each call, so that a test may change its mind", async () => {
    const ledger = { unary: () => ({ text: "first" }) };
    await using app = await testApp(pier, { replace: { ledger } });

    expect((await app.client("desk").unary({})).text).toBe("first");
    ledger.unary = () => ({ text: "second" });
    expect((await app.client("desk").unary({})).text).toBe("second");
  });

  it("fakes who is no service of the app, by the name it registers under", async () => {
    await using app = await testApp(harbour, {
      only: ["office"],
      replace: { "harbour-bank": { pay: ({ orderId }) => ({ receipt: `paid ${orderId}` }) } },
    });

    expect((await app.client("office", "payments").pay({ orderId: "o-1" })).receipt).toBe("paid o-1");
    expect(app.callsTo("harbour-bank", "pay")).toMatchObject([{ from: "office", request: { orderId: "o-1" } }]);
  });

  it("fakes a service with several contracts, each by its name", async () => {
    await using app = await testApp(harbour, {
      only: ["desk", "ledger"],
      replace: { office: { payments: { pay: () => ({ receipt: "from a fake" }) } } },
    });

    expect((await app.client("office", "payments").pay({})).receipt).toBe("from a fake");
    expect((await rpcFailure(app.client("office", "echo").unary({}))).message).toBe(
      "office.unary is not faked, and was called; say replace: { office: { echo: { unary: … } } }",
    );
  });

  it("needs no registry for a need that asks for the wire", async () => {
    const caller = defineService({
      name: "caller",
      contract: EchoServiceDefinition,
      needs: { ledger: { contract: EchoServiceDefinition, placement: "remote" } },
      setup: ({ needs }) => echo({ unary: (request) => needs.ledger.unary(request) }),
    });
    await using app = await testApp(defineApp({ services: [caller, ...pier.given] }), { only: ["caller", "ledger"] });

    expect((await app.client("caller").unary({ text: "here" })).text).toBe("here");
  });

  it("gives each service its configuration, and minds no values of those left out", async () => {
    const config = { ledger: { forgetful: true }, desk: { unknown: 1 } };
    await using app = await testApp(pier, { only: ["ledger"], config });

    const { put } = app.client("ledger");
    expect([await put({ text: "tar" }), await put({ text: "tar" })]).toMatchObject([{ index: 1 }, { index: 2 }]);
  });

  it.each([
    [
      "a need that nobody provides",
      () => testApp(pier, { only: ["desk"] }),
      'desk needs ledger, which is neither started nor replaced; say only: ["desk", "ledger"], or replace: { ledger: { … } }',
    ],
    [
      "a need outside of the app",
      () => testApp(harbour),
      'office needs harbour-bank, which is no service of this app; say replace: { "harbour-bank": { … } }',
    ],
    [
      "a part nobody has",
      () => testApp(pier, { only: ["dock" as "desk"] }),
      'only: pier has no service "dock" (it has: ledger, desk)',
    ],
    [
      "a fake of nobody",
      () => testApp(pier, { replace: { dock: {} } as object }),
      'replace: pier has no service "dock" and needs none (it has: ledger, desk)',
    ],
    [
      "a fake with a method too many",
      () => testApp(pier, { replace: { ledger: { unray: () => ({}) } as object } }),
      "replace.ledger: no such method: unray (there are: unary, read, put, serverStream, clientStream, bidi)",
    ],
    [
      "a fake with no function",
      () => testApp(pier, { replace: { ledger: { unary: 1 as never } } }),
      "replace.ledger.unary: expected a handler, was number",
    ],
    [
      "a fake of a contract nobody has",
      () => testApp(harbour, { replace: { office: { ehco: {} } as object } }),
      "replace.office: no such contract: ehco (there are: echo, payments)",
    ],
    ["a value that does not fit", () => testApp(pier, { config: { ledger: { forgetful: 1 } } }), "ledger.forgetful"],
    ["a section of nobody", () => testApp(pier, { config: { dock: {} } as object }), "there is no such section"],
    ["no app", () => testApp({} as typeof pier), "testApp: expected what defineApp() gave"],
    ["no time to start", () => testApp(pier, { timeoutMs: 0 }), "timeoutMs: must be above 0, was 0"],
    ["a grace below nothing", () => testApp(pier, { graceMs: -1 }), "graceMs: must be 0 or more, was -1"],
  ])("refuses %s", async (_, start, message) => {
    await expect(start()).rejects.toThrow(message);
  });

  it("names whom a client can call, where it is asked for somebody else", async () => {
    await using app = await testApp(harbour, { only: ["ledger"], replace: { office: {} } });

    expect(() => app.client("desk")).toThrow('client: nobody here is called "desk" (there are: ledger, office)');
    expect(() => app.client("office", "ehco" as "echo")).toThrow(
      'office has no contract "ehco" (there are: echo, payments)',
    );
    expect(() => app.client("office" as "ledger")).toThrow("which contract of office? (there are: echo, payments)");
  });
});

describe("time, held in hand", () => {
  it("lets a deadline pass without anybody waiting", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock, replace: { ledger: { unary: () => new Promise(() => {}) } } });

    const pending = rpcFailure(app.client("desk").unary({}, { timeoutMs: 4_000 }));
    await clock.advance(3_990);
    expect(app.callsTo("ledger")).toMatchObject([{ code: undefined }]);
    await clock.advance(10);
    expect(String(await pending)).toContain("DEADLINE_EXCEEDED");
    expect(app.callsTo("ledger")).toMatchObject([{ durationMs: 3_995, error: { code: 4 } }]);
  });

  it("is the clock of the services too", async () => {
    const clock = manualClock(Date.UTC(2030, 0, 1));
    await using app = await testApp(pier, { clock });

    await app.clock.advance(5);
    await app.client("desk").read({});
    expect(app.logs.find(({ message }) => message === "read")).toMatchObject({ service: "desk", at: clock.now() });
  });
});

describe("a start that takes too long", () => {
  it.each([
    ["on the machine's clock", undefined],
    ["on a clock that stands still", manualClock()],
  ])("is given up, names who it waits for, and leaves nothing behind, %s", async (_, clock) => {
    const closed: string[] = [];
    const slow = defineService({
      name: "slow",
      setup: ({ clock, defer }) => {
        defer(() => sleep(clock, 20).then(() => closed.push("slow")));
        return new Promise<void>(() => {});
      },
    });
    const quick = defineService({ name: "quick", setup: ({ defer }) => defer(() => closed.push("quick")) });
    const starting = testApp(defineApp({ name: "bog", services: [slow, quick] }), {
      ...(clock && { clock }),
      timeoutMs: 200,
      graceMs: 5_000,
    });

    await expect(starting).rejects.toThrow(
      "bog has not started within 200 ms of real time: slow was stopped before its setup had ended; what does it wait for?",
    );
    expect(closed.sort()).toEqual(["quick", "slow"]);
  });

  it("is given up where it waits for what cannot be stopped, too", async () => {
    const config = z.object({}).refine(() => new Promise<boolean>(() => {}));
    const slow = defineService({ name: "slow", config, setup: () => {} });

    await expect(testApp(defineApp({ name: "bog", services: [slow] }), { timeoutMs: 20, graceMs: 5 })).rejects.toThrow(
      "bog has not started within 20 ms of real time: reading the configuration; what",
    );
  });

  it("may sleep on the clock, and goes on when the test moves it", async () => {
    const clock = manualClock();
    const napping = defineService({ name: "napping", setup: ({ clock }) => sleep(clock, 20_000) });
    const starting = testApp(defineApp({ services: [napping] }), { clock });
    await expect.poll(() => clock.nextMs).toBe(20_000);

    await clock.advance(20_000);
    await using app = await starting;
    expect(app.services).toEqual(["napping"]);
  });
});

describe("the end of a test", () => {
  it("leaves no timer behind, and may come twice", async () => {
    const clock = manualClock();
    const app = await testApp(pier, { clock });
    await app.client("desk").put({ text: "tar" });

    await app.close();
    await app.close();
    expect(clock.pending).toBe(0);
  });

  it("lets what still runs end in its time", async () => {
    let answer = (_: { readonly text: string }): void => {};
    const app = await testApp(pier, {
      replace: {
        ledger: {
          unary: () =>
            new Promise<{ text: string }>((resolve) => {
              answer = resolve;
            }),
        },
      },
      graceMs: 10_000,
    });
    const pending = app.client("desk").unary({});
    await expect.poll(() => app.callsTo("ledger")).toHaveLength(1);

    const closing = app.close();
    answer({ text: "just in time" });
    expect((await pending).text).toBe("just in time");
    await closing;
  });

  it.each([
    ["on the machine's clock", undefined],
    ["on a clock that stands still", manualClock()],
  ])("cuts off what never ends, %s", async (_, clock) => {
    const app = await testApp(pier, {
      ...(clock && { clock }),
      replace: { ledger: { unary: () => new Promise(() => {}) } },
      faults: [{ to: "desk", method: "put", drop: "request" }],
      graceMs: 5,
    });
    const desk = app.client("desk");
    const pending = [desk.unary({}, { timeoutMs: Infinity }), desk.put({}, { timeoutMs: Infinity })].map(rpcFailure);
    await expect.poll(() => app.calls).toHaveLength(3);

    await app.close();
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(RpcError);
    expect(app.calls.every(({ code }) => code !== undefined)).toBe(true);
  });

  it.each([0, 1])("lets hooks sleep on a clock that stands still, with a grace of %i ms", async (graceMs) => {
    const clock = manualClock();
    const woken: number[] = [];
    const sleeper = defineService({
      name: "sleeper",
      setup: ({ onStop }) =>
        onStop(async () => {
          await sleep(clock, 3_600_000);
          woken.push(clock.now());
        }),
    });
    const start = clock.now();
    const app = await testApp(defineApp({ services: [sleeper] }), { clock, graceMs });

    await app.close();
    expect(woken).toEqual([start + 3_600_000]);
  });

  it.each([
    ["on the machine's clock", undefined],
    ["on a clock that stands still", manualClock()],
  ])("is given up where a hook never ends, and says where, %s", async (_, clock) => {
    const stuck = defineService({ name: "stuck", setup: ({ onStop }) => onStop(() => new Promise(() => {})) });
    const app = await testApp(defineApp({ name: "bog", services: [stuck] }), {
      ...(clock && { clock }),
      graceMs: 0,
      timeoutMs: 20,
    });

    await expect(app.close()).rejects.toThrow(
      "bog has not closed within 20 ms of real time after its grace (still here: stuck)",
    );
  });

  it("comes for a start that failed, too", async () => {
    const closed: string[] = [];
    const first = defineService({ name: "first", setup: ({ defer }) => defer(() => closed.push("first")) });
    const second = defineService({
      name: "second",
      setup: () => {
        throw new Error("no ink");
      },
    });

    await expect(testApp(defineApp({ services: [first, second] }))).rejects.toThrow("second: setup failed: no ink");
    expect(closed).toEqual(["first"]);
  });

  it("leaves OpenTelemetry as it was, once the last app is closed", async () => {
    const manager = () => (context as unknown as { _getContextManager(): object })._getContextManager();
    const before = manager();
    const apps = await Promise.all([testApp(pier), testApp(pier)]);
    expect(manager()).not.toBe(before);

    await apps[0].close();
    expect(manager()).not.toBe(before);
    await apps[1].close();
    expect(manager()).toBe(before);
  });
});
