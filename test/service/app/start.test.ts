import { describe, expect, it } from "vitest";
import { z } from "zod";
import { valueSource } from "../../../src/config/config.js";
import { silentLogger } from "../../../src/contract/contract.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import {
  type App,
  defineApp,
  defineService,
  httpListener,
  type ServiceSpec,
  type StartAppOptions,
  startApp,
} from "../../../src/service/service.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { failure, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
import { type EchoClient, echoing, gate, listens, SharedRegistry, started } from "./stage.js";

/** How an app that cannot start fails; asserts that it leaves nothing in the registry. */
async function refusal(app: App, options: StartAppOptions = {}): Promise<Error> {
  const registry = new SharedRegistry();
  const reason = await failure(
    startApp(app, { logger: () => silentLogger, remote: { registry }, drainMs: 0, ...options }),
  );
  expect(registry.open).toBe(0);
  return reason as Error;
}

/** Two services that start and what they leave behind: `back`, and `front` that needs it and fails. */
function halfStarting(failing: (left: HalfStarted) => ServiceSpec) {
  const left: HalfStarted = { undone: [], endpoints: [], clients: [] };
  const back = echoing("back", {
    setup({ use, defer, onReady, listen }) {
      use({ [Symbol.dispose]: () => void left.undone.push("back used") });
      defer(() => left.undone.push("back deferred"));
      onReady(() => left.undone.push("back was ready"));
      const http = httpListener((_, response) => response.end(), { port: 0 });
      listen({ ...http, start: async () => left.endpoints[left.endpoints.push((await http.start()) as string) - 1] });
    },
  });
  return { app: defineApp({ services: [back, failing(left)] }), left };
}

interface HalfStarted {
  readonly undone: string[];
  readonly endpoints: string[];
  readonly clients: EchoClient[];
}

describe("startApp()", () => {
  it("resolves when all can be called, those of one process from one another", async () => {
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          handlers: ({ needs }) => ({ unary: async ({ text }) => needs["back"]!.unary({ text }) }),
        }),
        echoing("back", { handlers: () => ({ unary: ({ text }) => ({ text: `${text} of back` }) }) }),
      ],
    });
    const running = await started(app);
    expect((await running.client(EchoServiceDefinition, "front").unary({ text: "word" })).text).toBe("word of back");
    expect(running.services).toEqual(["back", "front"]);
    expect(running.instances.map(({ service, state }) => [service, state])).toEqual([
      ["back", "serving"],
      ["front", "serving"],
    ]);
  });

  it("sets up a service once all it needs are ready, and at once those that need none of each other", async () => {
    const events: string[] = [];
    const [left, right] = [gate(), gate()];
    const noted = (name: string, needs: readonly string[], wait?: Promise<void>): ServiceSpec =>
      echoing(name, {
        needs,
        async setup({ onReady }) {
          events.push(`${name} begins`);
          onReady(() => events.push(`${name} is ready`));
          await wait;
        },
      });
    const app = defineApp({
      services: [noted("top", ["left", "right"]), noted("left", [], left.passed), noted("right", [], right.passed)],
    });
    const starting = started(app);
    await new Promise(setImmediate);
    expect(events).toEqual(["left begins", "right begins"]);
    right.open();
    left.open();
    await starting;
    expect(events.slice(2, 4).sort()).toEqual(["left is ready", "right is ready"]);
    expect(events.slice(4)).toEqual(["top begins", "top is ready"]);
  });

  it("can call what it needs in its setup", async () => {
    let heard = "";
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          async setup({ needs }) {
            heard = (await needs["back"]!.unary({})).text;
          },
        }),
        echoing("back"),
      ],
    });
    await started(app);
    expect(heard).toBe("back");
  });

  it("starts those that are wanted and no others", async () => {
    const registry = new SharedRegistry();
    const app = defineApp({ services: [echoing("front", { needs: ["back"] }), echoing("back")] });
    const running = await started(app, { services: ["front"], remote: { registry } });
    expect(running.services).toEqual(["front"]);
    expect((await registry.list()).map(({ name }) => name)).toEqual(["front"]);
  });

  it("tells what it waits for", async () => {
    const steps: string[] = [];
    const listen = httpListener(() => {}, { port: 0 });
    const app = defineApp({ services: [echoing("orders", { setup: (context) => context.listen(listen) })] });
    await started(app, { onStep: (step) => steps.push(step) });
    expect(steps).toEqual(["setting up orders", "starting orders: http to listen", "starting orders: in process"]);
  });

  it("gives each service its own section over what all share, as its schema makes it", async () => {
    const seen: unknown[] = [];
    const app = defineApp({
      services: [
        defineService({
          name: "orders",
          config: z.object({ folder: z.string(), maxLines: z.coerce.number().default(10) }),
          setup: ({ config }) => void seen.push(config),
        }),
      ],
    });
    const config = [valueSource("test", { shared: { folder: "/books" }, orders: { maxLines: "3" } })];
    await started(app, { config });
    expect(seen).toEqual([{ folder: "/books", maxLines: 3 }]);
  });

  it("serves several contracts of one service, and runs one that has none", async () => {
    const app = defineApp({
      services: [
        defineService({ name: "both", contract: { main: EchoServiceDefinition }, setup: () => ({ main: echo() }) }),
        defineService({ name: "worker", setup: () => {} }),
      ],
    });
    const running = await started(app);
    expect(running.instances.map(({ contracts }) => contracts)).toEqual([[EchoServiceDefinition.fullName], []]);
    expect((await running.client(EchoServiceDefinition, "both").unary({ text: "ahoy" })).text).toBe("ahoy");
  });

  it("calls a need that lives outside of the app, found by its name", async () => {
    const registry = new SharedRegistry();
    const tax = defineApp({ name: "elsewhere", services: [echoing("tax-office")] });
    await started(tax, { remote: { registry } });
    const app = defineApp({
      services: [
        echoing("orders", {
          needs: { tax: { contract: EchoServiceDefinition, service: "tax-office", external: true } },
          handlers: ({ needs }) => ({ unary: () => needs["tax"]!.unary({}) }),
        }),
      ],
    });
    const running = await started(app, { remote: { registry } });
    expect((await running.client(EchoServiceDefinition, "orders").unary({})).text).toBe("tax-office");
  });
});

describe("a start that fails", () => {
  it.each<[problem: string, failing: (left: HalfStarted) => ServiceSpec, message: string]>([
    [
      "a setup that throws",
      (left) =>
        echoing("front", {
          needs: ["back"],
          async setup({ needs, use, defer }) {
            left.clients.push(needs["back"]!);
            use({ [Symbol.asyncDispose]: async () => void left.undone.push("front used") });
            defer(() => left.undone.push("front deferred"));
            throw new Error("the book is locked");
          },
        }),
      "front: setup failed: the book is locked",
    ],
    [
      "an onReady that fails",
      (left) =>
        echoing("front", {
          needs: ["back"],
          setup({ needs, use, defer, onReady }) {
            left.clients.push(needs["back"]!);
            use({ [Symbol.asyncDispose]: async () => void left.undone.push("front used") });
            defer(() => left.undone.push("front deferred"));
            onReady(() => Promise.reject(new Error("nobody came")));
          },
        }),
      "front: onReady failed: nobody came",
    ],
    [
      "a listener that cannot listen",
      (left) =>
        echoing("front", {
          needs: ["back"],
          setup({ needs, use, defer, listen }) {
            left.clients.push(needs["back"]!);
            use({ [Symbol.asyncDispose]: async () => void left.undone.push("front used") });
            defer(() => left.undone.push("front deferred"));
            listen(httpListener(() => {}, { port: Number(new URL(left.endpoints[0] as string).port) }));
          },
        }),
      "front: http listener failed: http://127.0.0.1:PORT is taken; choose another port",
    ],
    [
      "handlers that do not fit",
      (left) =>
        defineService({
          name: "front",
          contract: EchoServiceDefinition,
          needs: { back: EchoServiceDefinition },
          setup({ needs, use, defer }) {
            left.clients.push(needs.back);
            use({ [Symbol.asyncDispose]: async () => void left.undone.push("front used") });
            defer(() => left.undone.push("front deferred"));
            const { unary: _, ...rest } = echo();
            return rest as ReturnType<typeof echo>;
          },
        }) as ServiceSpec,
      "front: setup gave handlers that do not fit hawser.test.v1.EchoService: no handler for unary " +
        "(its methods: unary, read, put, serverStream, clientStream, bidi)",
    ],
  ])("for %s names it, and undoes all of everybody, the last first", async (_, failing, message) => {
    const { app, left } = halfStarting(failing);
    const reason = await refusal(app);
    expect(reason.message.replace(/:\d+ is/, ":PORT is")).toBe(message);
    expect(left.undone).toEqual(["back was ready", "front deferred", "front used", "back deferred", "back used"]);
    for (const endpoint of left.endpoints) expect(await listens(endpoint)).toBe(false);
    for (const client of left.clients) {
      expect(await rpcFailure(client.unary({}))).toMatchObject({
        code: Code.FAILED_PRECONDITION,
        message: 'the client of "back" in shared: is closed',
      });
    }
  });

  it("keeps what the setup threw as its cause", async () => {
    const cause = new Error("the book is locked");
    const app = defineApp({ services: [echoing("orders", { setup: () => Promise.reject(cause) })] });
    expect((await refusal(app)).cause).toBe(cause);
  });

  it.each<[step: string, service: (begun: () => void) => ServiceSpec, message: string]>([
    [
      "a setup",
      (begun) =>
        echoing("orders", {
          setup() {
            begun();
            return new Promise(() => {});
          },
        }),
      "orders: setup has not ended within 30 s; what does it wait for?",
    ],
    [
      "an onReady",
      (begun) =>
        echoing("orders", {
          setup: ({ onReady }) =>
            onReady(() => {
              begun();
              return new Promise(() => {});
            }),
        }),
      "orders: onReady has not ended within 30 s; what does it wait for?",
    ],
    [
      "a listener",
      (begun) =>
        echoing("orders", {
          setup: ({ listen }) =>
            listen({
              name: "queue",
              start() {
                begun();
                return new Promise(() => {});
              },
              close: async () => {},
            }),
        }),
      "orders: queue listener has not ended within 30 s; what does it wait for?",
    ],
  ])("for %s that never ends does so after 30 s, naming it", async (_, service, message) => {
    const clock = new ManualClock();
    const begun = gate();
    const refused = refusal(defineApp({ services: [service(() => begun.open())] }), { clock });
    await begun.passed;
    await clock.run(29_999);
    await clock.run(1);
    expect((await refused).message).toBe(message);
    expect(clock.pending).toBe(0);
  });

  it("undoes at once what a setup takes that was given up", async () => {
    const clock = new ManualClock();
    const [begun, late, undone] = [gate(), gate(), gate()];
    const app = defineApp({
      services: [
        echoing("orders", {
          async setup({ use }) {
            begun.open();
            await late.passed;
            use({ [Symbol.dispose]: () => undone.open() });
          },
        }),
      ],
    });
    const refused = refusal(app, { clock });
    await begun.passed;
    await clock.run(30_000);
    await refused;
    late.open();
    await undone.passed;
  });

  it("for configuration that does not fit names every value, before anybody starts", async () => {
    let begun = 0;
    const service = (name: string): ServiceSpec =>
      defineService({
        name,
        config: z.object({ size: z.number().max(9) }),
        setup: () => {
          begun++;
        },
      }) as ServiceSpec;
    const app = defineApp({ services: [service("orders"), service("stock")] });
    const config = [valueSource("flags", { orders: { size: 10 }, stock: { size: "big" } })];
    const { name, message } = await refusal(app, { config });
    expect(name).toBe("ConfigError");
    expect(message.split("\n")).toEqual([
      expect.stringMatching(/^orders\.size.*10.*flags/),
      expect.stringMatching(/^stock\.size.*"big".*flags/),
    ]);
    expect(begun).toBe(0);
  });

  it("for what is to be disposed of and cannot be says so at once", async () => {
    const app = defineApp({ services: [echoing("orders", { setup: ({ use }) => void use({} as Disposable) })] });
    expect((await refusal(app)).message).toBe(
      "orders: setup failed: use: expected something with [Symbol.dispose] or [Symbol.asyncDispose]",
    );
  });

  it("for a need whose client cannot be made names the need", async () => {
    const selector = (): never => {
      throw new RangeError("choices: must be 2 or more, was 1");
    };
    const needs = { back: { contract: EchoServiceDefinition, selector } };
    const app = defineApp({ services: [echoing("front", { needs }), echoing("back")] });
    expect((await refusal(app)).message).toBe("front: setup failed: needs.back: choices: must be 2 or more, was 1");
  });

  it("where a port is taken names it, and nobody is left listening", async () => {
    const other = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" });
    await other.start();
    const app = defineApp({ services: [echoing("front", { needs: ["back"] }), echoing("back")] });
    const registry = new SharedRegistry();
    const address = (service: string) => (service === "front" ? other.address : "grpc://127.0.0.1:0");
    const { message } = await refusal(app, { remote: { registry, address } });
    expect(message).toContain(other.address.replace("grpc://", ""));
    expect(registry.open).toBe(0);
    await other.close();
  });

  it.each<[problem: string, options: StartAppOptions, message: string]>([
    ["a service it does not have", { services: ["fronz"] }, 'app has no service "fronz" (it has: back, front)'],
    [
      "a need that is not here, where there is no registry",
      { services: ["front"] },
      "front needs back, which does not run here, and there is no registry to find it in; set HAWSER_REGISTRY",
    ],
    [
      "a need that is to be local and is not here",
      { services: ["front"], remote: { registry: new SharedRegistry() }, placement: "local" },
      "front needs back in this process (placement: local), and it does not run here",
    ],
    [
      "a need that is to be remote, where there is no registry",
      { placement: "remote" },
      "front needs back over the wire (placement: remote), and there is no registry to find it in; set HAWSER_REGISTRY",
    ],
    [
      "a placement there is none of",
      { placement: "nowhere" as "auto" },
      'front: needs.back.placement: expected auto, local, remote, was "nowhere"',
    ],
  ])("refuses %s", async (_, options, message) => {
    const app = defineApp({ services: [echoing("front", { needs: ["back"] }), echoing("back")] });
    await expect(startApp(app, { logger: () => silentLogger, ...options })).rejects.toThrow(message);
  });

  it("refuses what is no app", async () => {
    await expect(startApp({} as App)).rejects.toThrow(new TypeError("startApp: expected what defineApp() gave"));
  });
});
