import { describe, expect, it } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import type { Registration } from "../../../src/registry/registry.js";
import { defineApp, type ServiceSpec } from "../../../src/service/service.js";
import { recordingLogger } from "../../registry/recording-logger.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
import { echoing, errorsOf, gate, SharedRegistry, started } from "./stage.js";

describe("a stop", () => {
  it("ends each service before those it needs, and what it owns the last first", async () => {
    const events: string[] = [];
    const noted = (name: string, ...needs: string[]): ServiceSpec =>
      echoing(name, {
        needs,
        setup({ use, defer, onReady, onDrain, onStop, background }) {
          use({ [Symbol.asyncDispose]: async () => void events.push(`${name} first used`) });
          use({ [Symbol.dispose]: () => void events.push(`${name} then used`) });
          defer(() => events.push(`${name} deferred`));
          onReady(() => events.push(`${name} ready`));
          onDrain(() => events.push(`${name} drains`));
          onStop(() => events.push(`${name} stops`));
          background("work", async (signal) => {
            events.push(`${name} works`);
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            events.push(`${name} works no more`);
          });
        },
      });
    const running = await started(defineApp({ services: [noted("front", "back"), noted("back")] }));
    expect(events).toEqual(["back ready", "back works", "front ready", "front works"]);
    events.length = 0;
    await running.close();
    const ending = (name: string): readonly string[] => [
      `${name} drains`,
      `${name} works no more`,
      `${name} stops`,
      `${name} deferred`,
      `${name} then used`,
      `${name} first used`,
    ];
    expect(events).toEqual([...ending("front"), ...ending("back")]);
  });

  it("lets a running call end, with all that it calls, before what it needs goes", async () => {
    const [called, answer] = [gate(), gate()];
    let answered = false;
    let answeredBefore: boolean | undefined;
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          handlers: ({ needs }) => ({
            async unary() {
              called.open();
              await answer.passed;
              return await needs["back"]!.unary({});
            },
          }),
        }),
        echoing("back", {
          setup: ({ onDrain }) =>
            onDrain(() => {
              answeredBefore = answered;
            }),
        }),
      ],
    });
    const running = await started(app);
    const call = running.client(EchoServiceDefinition, "front").unary({});
    void call.then(() => {
      answered = true;
    });
    await called.passed;
    const closed = running.close();
    answer.open();
    expect((await call).text).toBe("back");
    await closed;
    expect(answeredBefore).toBe(true);
  });

  it("lets hooks and background tasks call what the service needs", async () => {
    const heard: string[] = [];
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          setup({ needs, onDrain, onStop, background }) {
            const ask = async (when: string) => void heard.push(`${when}: ${(await needs["back"]!.unary({})).text}`);
            onDrain(() => ask("drain"));
            onStop(() => ask("stop"));
            background("last words", async (signal) => {
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
              await ask("background");
            });
          },
        }),
        echoing("back"),
      ],
    });
    const running = await started(app);
    await running.close();
    expect(heard.sort()).toEqual(["background: back", "drain: back", "stop: back"]);
  });

  it("takes no time by the clock where nobody elsewhere is to be told", async () => {
    const clock = new ManualClock();
    const running = await started(defineApp({ services: [echoing("front", { needs: ["back"] }), echoing("back")] }), {
      clock,
      drainMs: 500,
    });
    await running.close();
    expect(clock.pending).toBe(0);
  });

  it("cancels calls that outlive the grace", async () => {
    const clock = new ManualClock();
    const [called, cancelled] = [gate(), gate()];
    const app = defineApp({
      services: [
        echoing("slow", {
          handlers: () => ({
            unary: (_, { signal }) =>
              new Promise(() => {
                signal.addEventListener("abort", () => cancelled.open());
                called.open();
              }),
          }),
        }),
      ],
    });
    const running = await started(app, { clock, graceMs: 1000 });
    const call = rpcFailure(running.client(EchoServiceDefinition, "slow").unary({}, { timeoutMs: 60_000 }));
    await called.passed;
    const closed = running.close();
    await clock.run(1000);
    await cancelled.passed;
    expect((await call).code).toBe(Code.UNAVAILABLE);
    await closed;
  });

  it("does not wait for ever for a reader outside who does not end", async () => {
    const clock = new ManualClock();
    const app = defineApp({
      services: [
        echoing("news", {
          handlers: () => ({
            async *serverStream(_, { signal }) {
              yield { text: "first" };
              await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
            },
          }),
        }),
      ],
    });
    const running = await started(app, { clock, graceMs: 1000 });
    const reader = running.client(EchoServiceDefinition, "news").serverStream({})[Symbol.asyncIterator]();
    expect((await reader.next()).value.text).toBe("first");
    const ended = rpcFailure(reader.next());
    const closed = running.close();
    await clock.run(1000);
    await closed;
    expect((await ended).code).toBe(Code.UNAVAILABLE);
    expect(clock.pending).toBe(0);
  });

  it("answers calls that were made before it", async () => {
    const running = await started(
      defineApp({
        services: [
          echoing("front", {
            needs: ["back"],
            handlers: ({ needs }) => ({ unary: () => needs["back"]!.unary({}) }),
          }),
          echoing("back"),
        ],
      }),
    );
    const client = running.client(EchoServiceDefinition, "front");
    await client.unary({}); // knows who is there
    const calls = Array.from({ length: 50 }, () => client.unary({}));
    const stream = collect(client.serverStream({ count: 3, text: "x" }));
    await running.close();
    expect((await Promise.all(calls)).every(({ text }) => text === "back")).toBe(true);
    expect(await stream).toHaveLength(3);
    expect((await rpcFailure(client.unary({}))).code).toBe(Code.FAILED_PRECONDITION);
  });

  it("may be asked for twice, and tells others that it drains before it goes", async () => {
    const registry = new SharedRegistry();
    const running = await started(defineApp({ services: [echoing("orders")] }), { remote: { registry } });
    const states: string[] = [];
    const watch = registry.watch("orders", ({ instances }) =>
      states.push(instances.map(({ state }) => state).join() || "gone"),
    );
    const first = running.close();
    expect(running.close()).toBe(first);
    await first;
    await watch.close();
    expect(states).toEqual(["serving", "draining", "gone"]);
    expect(registry.open).toBe(0);
    await running.close();
    await expect(running.startService("orders")).rejects.toThrow("app is closed; start it again");
    expect(() => running.client(EchoServiceDefinition, "orders")).toThrow("app is closed; start it again");
  });

  it("goes on where a hook, a teardown or a listener fails, and tells of each", async () => {
    const logger = recordingLogger();
    const undone: string[] = [];
    const boom = (): never => {
      throw new Error("boom");
    };
    const app = defineApp({
      services: [
        echoing("orders", {
          setup({ defer, onDrain, onStop, listen }) {
            defer(() => undone.push("first"));
            defer(boom);
            onDrain(boom);
            onStop(boom);
            listen({ name: "queue", start: async () => undefined, close: boom });
          },
        }),
      ],
    });
    const running = await started(app, { logger: () => logger });
    await running.close();
    expect(undone).toEqual(["first"]);
    expect([...errorsOf(logger)].sort()).toEqual([
      "onDrain 1 (boom) failed in the stop",
      "onStop 1 (boom) failed in the stop",
      "teardown 2 (boom) failed in the stop",
      "the queue listener failed in the stop",
    ]);
  });

  it("has one grace, however many services hang one after the other", async () => {
    const clock = new ManualClock();
    const called = [gate(), gate()];
    const hanging = (name: string, index: number, ...needs: string[]): ServiceSpec =>
      echoing(name, {
        needs,
        setup: ({ background }) => background("deaf", () => new Promise(() => {})),
        handlers: () => ({
          unary() {
            called[index]?.open();
            return new Promise(() => {});
          },
        }),
      });
    const app = defineApp({ services: [hanging("front", 0, "back"), hanging("back", 1)] });
    const running = await started(app, { clock, graceMs: 1000 });
    const calls = ["front", "back"].map((name) =>
      rpcFailure(running.client(EchoServiceDefinition, name).unary({}, { timeoutMs: 60_000 })),
    );
    await Promise.all(called.map(({ passed }) => passed));
    const closed = running.close();
    await clock.run(1000);
    await closed;
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([Code.UNAVAILABLE, Code.UNAVAILABLE]);
    expect(clock.pending).toBe(0);
  });

  it("leaves behind what hangs, by name, in 2 s beside the grace, and does all the rest", async () => {
    const clock = new ManualClock();
    const logger = recordingLogger();
    const registry = new SharedRegistry();
    const undone: string[] = [];
    const hang = () => new Promise<void>(() => {});
    class Book {
      [Symbol.asyncDispose] = hang;
    }
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          setup({ use, defer, onDrain, onStop, listen }) {
            defer(() => undone.push("front"));
            use(new Book());
            defer(hang);
            onDrain(hang);
            onStop(() => undone.push("calls of front"));
            onStop(hang);
            listen({ name: "queue", start: async () => undefined, close: hang });
          },
        }),
        echoing("back", { setup: ({ defer }) => defer(() => undone.push("back")) }),
      ],
    });
    const options = { clock, logger: () => logger, remote: { registry }, drainMs: 0, graceMs: 1000 };
    const running = await started(app, options);
    const closed = running.close();
    await clock.run(3000);
    await closed;
    expect(undone).toEqual(["calls of front", "front", "back"]);
    expect(registry.open).toBe(0);
    expect(errorsOf(logger).map((line) => line.replace(/ after \d+ ms$/, ""))).toEqual([
      "onDrain 1 (hang) does not end; left behind",
      "the queue listener does not end; left behind",
      "onStop 2 (hang) does not end; left behind",
      "teardown 3 (hang) does not end; left behind",
      "teardown 2 (Book) does not end; left behind",
    ]);
    expect(clock.pending).toBe(0);
  });

  it("goes on where the registry will not let go, and tells of it", async () => {
    const logger = recordingLogger();
    const undone: string[] = [];
    class Clinging extends SharedRegistry {
      override async register(...args: Parameters<SharedRegistry["register"]>): Promise<Registration> {
        const registration = await super.register(...args);
        return { ...registration, close: () => registration.close().then(() => Promise.reject(new Error("no"))) };
      }
    }
    const app = defineApp({
      services: [
        echoing("front", { needs: ["back"], setup: ({ defer }) => defer(() => undone.push("front")) }),
        echoing("back", { setup: ({ defer }) => defer(() => undone.push("back")) }),
      ],
    });
    const registry = new Clinging();
    const running = await started(app, { remote: { registry }, logger: () => logger });
    await running.close();
    expect(undone).toEqual(["front", "back"]);
    expect(errorsOf(logger)).toEqual(["the registration failed in the stop", "the registration failed in the stop"]);
    expect(registry.open).toBe(0);
  });
});
