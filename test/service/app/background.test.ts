import { describe, expect, it } from "vitest";
import { defineApp, defineService, type ServiceSpec } from "../../../src/service/service.js";
import { recordingLogger } from "../../registry/recording-logger.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
import { echoing, errorsOf, gate, SharedRegistry, started } from "./stage.js";

type Task = (signal: AbortSignal) => Promise<unknown>;

/** A service that only works. */
function working(tasks: { readonly [name: string]: Task } | readonly Task[]): ServiceSpec {
  return defineService({
    name: "worker",
    setup({ background }) {
      for (const [name, task] of Object.entries(tasks)) background(Array.isArray(tasks) ? "same" : name, task);
    },
  }) as ServiceSpec;
}

const untilAborted = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener("abort", resolve));

describe("a background task", () => {
  it("begins when its service can be found and called", async () => {
    const registry = new SharedRegistry();
    const found = gate<readonly string[]>();
    const app = defineApp({
      services: [
        echoing("orders", {
          setup: ({ background }) =>
            background("look", async () => found.open((await registry.list()).map(({ name }) => name))),
        }),
      ],
    });
    await started(app, { remote: { registry } });
    expect(await found.passed).toEqual(["orders"]);
  });

  it("is told when the stop begins, and waited for before what it uses goes", async () => {
    const events: string[] = [];
    const app = defineApp({
      services: [
        defineService({
          name: "worker",
          setup({ background, defer, onStop }) {
            defer(() => events.push("disposed of"));
            onStop(() => events.push("stopped"));
            background("work", async (signal) => {
              await untilAborted(signal);
              events.push("told");
              await new Promise(setImmediate);
              events.push("ended");
            });
          },
        }),
      ],
    });
    const running = await started(app);
    await running.close();
    expect(events).toEqual(["told", "ended", "stopped", "disposed of"]);
  });

  it("may end before the stop, and share its name with another", async () => {
    const begun: number[] = [];
    const running = await started(
      defineApp({ services: [working([async () => begun.push(1), async () => begun.push(2)])] }),
    );
    await running.close();
    expect(begun).toEqual([1, 2]);
  });

  it("that fails says so of its app: the service, the task, the reason and its cause; the service goes on", async () => {
    const cause = new Error("the queue is gone");
    const running = await started(defineApp({ services: [working({ consume: () => Promise.reject(cause) })] }));
    const failure = await running.failure;
    expect(failure.message).toBe('worker: the background task "consume" failed: the queue is gone');
    expect((failure.cause as Error).cause).toBe(cause);
    expect(running.services).toEqual(["worker"]);
  });

  it("fails nobody once it was told to end", async () => {
    const tasks = {
      consume: async (signal: AbortSignal) => {
        await untilAborted(signal);
        throw signal.reason;
      },
    };
    const running = await started(defineApp({ services: [working(tasks)] }));
    await running.close();
    const failed = Promise.race([running.failure, new Promise((resolve) => setImmediate(resolve, "nobody"))]);
    expect(await failed).toBe("nobody");
  });

  it("that does not end is left behind after the grace, by name", async () => {
    const clock = new ManualClock();
    const logger = recordingLogger();
    const tasks = { deaf: () => new Promise(() => {}) };
    const running = await started(defineApp({ services: [working(tasks)] }), {
      clock,
      graceMs: 2000,
      logger: () => logger,
    });
    const closed = running.close();
    await clock.run(2000);
    await closed;
    expect(errorsOf(logger)).toEqual(["background tasks do not end; left behind: deaf"]);
    expect(clock.pending).toBe(0);
  });

  it("that is left behind in a call holds up nobody", async () => {
    const clock = new ManualClock();
    const calling = gate();
    const app = defineApp({
      services: [
        defineService({
          name: "worker",
          needs: { back: EchoServiceDefinition },
          setup: ({ background, needs }) => background("deaf", () => needs.back.unary({}, { timeoutMs: 1e9 })),
        }),
        echoing("back", {
          handlers: () => ({
            unary: () => {
              calling.open();
              return new Promise(() => {});
            },
          }),
        }),
      ],
    });
    const running = await started(app, { clock, graceMs: 2000 });
    await calling.passed;
    const closed = running.close();
    await clock.run(10_000);
    await closed;
  });

  it("begun by another after the start begins at once, and after the stop never", async () => {
    const events: string[] = [];
    let add: (name: string) => void = () => {};
    const app = defineApp({
      services: [
        defineService({
          name: "worker",
          setup({ background }) {
            add = (name) => background(name, async () => events.push(name));
          },
        }),
      ],
    });
    const running = await started(app);
    add("late");
    expect(events).toEqual(["late"]);
    await running.close();
    add("too late");
    expect(events).toEqual(["late"]);
  });
});
