import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../../src/contract/contract.js";
import type { Registration } from "../../../src/registry/registry.js";
import { defineApp, httpListener, startApp } from "../../../src/service/service.js";
import { failure } from "../../support/collect.js";
import { eventually } from "../../support/eventually.js";
import { type EchoSetup, echoing, gate, listens, SharedRegistry } from "./stage.js";

const forever = new Promise<never>(() => {});

/** Registers, but not before it is let. */
class SlowRegistry extends SharedRegistry {
  readonly asked = gate();
  readonly let = gate();
  readonly registered = gate();

  override async register(...args: Parameters<SharedRegistry["register"]>): Promise<Registration> {
    this.asked.open();
    await this.let.passed;
    const registration = await super.register(...args);
    this.registered.open();
    return registration;
  }
}

interface Started {
  readonly registry: SharedRegistry;
  readonly abort: () => void;
  readonly outcome: Promise<Error>;
  readonly undone: string[];
  readonly steps: string[];
}

/** Starts `back`, and `front` that needs it and hangs as it is told. */
function starting(front: (context: EchoSetup) => unknown, registry = new SharedRegistry()): Started {
  const controller = new AbortController();
  const [undone, steps]: [string[], string[]] = [[], []];
  const app = defineApp({
    services: [
      echoing("front", {
        needs: ["back"],
        setup(context) {
          context.use({ [Symbol.dispose]: () => void undone.push("front") });
          return front(context);
        },
      }),
      echoing("back", { setup: ({ defer }) => defer(() => undone.push("back")) }),
    ],
  });
  const outcome = failure(
    startApp(app, {
      logger: () => silentLogger,
      drainMs: 0,
      remote: { registry },
      signal: controller.signal,
      onStep: (step) => steps.push(step),
    }),
  ) as Promise<Error>;
  return { registry, abort: () => controller.abort(), outcome, undone, steps };
}

describe("a start that is no longer wanted", () => {
  it("ends in a setup that hangs, and leaves nothing of anybody", async () => {
    const begun = gate();
    const { registry, abort, outcome, undone } = starting(() => {
      begun.open();
      return forever;
    });
    await begun.passed;
    abort();
    expect((await outcome).message).toBe("front was stopped before its setup had ended");
    expect(undone).toEqual(["front", "back"]);
    expect(registry.open).toBe(0);
  });

  it("ends in a listener that hangs, and closes it and those before it", async () => {
    const begun = gate<string>();
    let closed = 0;
    const { registry, abort, outcome, undone } = starting(({ listen }) => {
      const http = httpListener(() => {}, { port: 0 });
      let endpoint = "";
      listen({
        ...http,
        start: async () => {
          endpoint = (await http.start()) as string;
          return endpoint;
        },
      });
      listen({
        name: "queue",
        start() {
          begun.open(endpoint);
          return forever;
        },
        close: async () => void closed++,
      });
    });
    const endpoint = await begun.passed;
    expect(await listens(endpoint)).toBe(true);
    abort();
    expect((await outcome).message).toBe("front was stopped before its queue listener had ended");
    expect(closed).toBe(1);
    expect(await listens(endpoint)).toBe(false);
    expect(undone).toEqual(["front", "back"]);
    expect(registry.open).toBe(0);
  });

  it("ends between a listener's start and its listening", async () => {
    const http = httpListener(() => {}, { port: 0 });
    let endpoint: Promise<string | undefined> = forever;
    const begun = gate();
    const { abort, outcome } = starting(({ listen }) =>
      listen({
        ...http,
        start() {
          endpoint = http.start();
          begun.open();
          return endpoint;
        },
      }),
    );
    await begun.passed;
    abort();
    await outcome;
    expect(await listens((await endpoint) as string)).toBe(false);
  });

  it("ends in an onReady that hangs", async () => {
    const begun = gate();
    const { registry, abort, outcome, undone } = starting(({ onReady }) =>
      onReady(() => {
        begun.open();
        return forever;
      }),
    );
    await begun.passed;
    abort();
    expect((await outcome).message).toBe("front was stopped before its onReady had ended");
    expect(undone).toEqual(["front", "back"]);
    expect(registry.open).toBe(0);
  });

  it("does not wait for the registry, and takes back what that does later", async () => {
    const registry = new SlowRegistry();
    const { abort, outcome, undone } = starting(() => {}, registry);
    await registry.asked.passed;
    abort();
    expect((await outcome).message).toBe("back was stopped before its registration had ended");
    expect(undone).toEqual(["back"]);
    registry.let.open();
    await registry.registered.passed;
    await eventually(() => expect(registry.open).toBe(0));
  });

  it("never begins where that was known before", async () => {
    const registry = new SharedRegistry();
    let begun = 0;
    const app = defineApp({ name: "shop", services: [echoing("orders", { setup: () => begun++ })] });
    const start = startApp(app, { remote: { registry }, signal: AbortSignal.abort(), logger: () => silentLogger });
    await expect(start).rejects.toThrow("shop was stopped before it started");
    expect(begun).toBe(0);
    expect(registry.open).toBe(0);
  });

  it("can be given up at any step, and leaves nothing", async () => {
    for (let at = 1; at <= 6; at++) {
      const controller = new AbortController();
      const registry = new SharedRegistry();
      const left = new Set<string>();
      let steps = 0;
      const setup =
        (name: string) =>
        ({ use, listen }: EchoSetup) => {
          left.add(name);
          use({ [Symbol.dispose]: () => void left.delete(name) });
          listen(httpListener(() => {}, { port: 0 }));
        };
      const app = defineApp({
        services: [
          echoing("front", { needs: ["back"], setup: setup("front") }),
          echoing("back", { setup: setup("back") }),
        ],
      });
      const start = startApp(app, {
        logger: () => silentLogger,
        drainMs: 0,
        remote: { registry },
        signal: controller.signal,
        onStep: () => {
          steps++;
          if (steps === at) controller.abort();
        },
      });
      await expect(start, `at step ${at}`).rejects.toThrow(/was stopped/);
      expect([...left], `at step ${at}`).toEqual([]);
      expect(registry.open, `at step ${at}`).toBe(0);
    }
  });

  it("is not ended by its signal once it is there", async () => {
    const controller = new AbortController();
    const app = defineApp({ services: [echoing("orders")] });
    const running = await startApp(app, { signal: controller.signal, logger: () => silentLogger });
    onTestFinished(() => running.close());
    controller.abort();
    expect(running.services).toEqual(["orders"]);
  });
});
