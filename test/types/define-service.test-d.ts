import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Client, Handlers, Logger } from "../../src/contract/contract.js";
import type { HealthDefinition } from "../../src/gen/grpc/health/v1/health.js";
import { type App, defineApp, defineService, type ServiceSpec } from "../../src/service/service.js";
import { EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";

declare const echo: Handlers<EchoServiceDefinition>;
declare const health: HealthDefinition;

describe("defineService()", () => {
  test("gives setup a typed client for each need, in either form", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      needs: {
        inventory: EchoServiceDefinition,
        tax: { contract: EchoServiceDefinition, external: true, timeoutMs: 100 },
      },
      setup({ needs, log, name }) {
        expectTypeOf(needs.inventory).toEqualTypeOf<Client<EchoServiceDefinition>>();
        expectTypeOf(needs.tax).toEqualTypeOf<Client<EchoServiceDefinition>>();
        expectTypeOf(log).toEqualTypeOf<Logger>();
        expectTypeOf(name).toBeString();
        // @ts-expect-error what is not declared is not there
        needs.payments;
        return echo;
      },
    });
  });

  test("knows the requests of handlers that are written in place", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      needs: { inventory: EchoServiceDefinition },
      setup: ({ needs }) => ({
        ...echo,
        unary: async ({ text }, call) => {
          expectTypeOf(text).toBeString();
          expectTypeOf(call.signal).toEqualTypeOf<AbortSignal>();
          return { text: (await needs.inventory.unary({ text })).text };
        },
      }),
    });
  });

  test("refuses handlers that do not fit the contract", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      // @ts-expect-error a method is missing
      setup: () => ({ unary: async () => ({}) }),
    });
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      // @ts-expect-error the answer is of another type
      setup: () => ({ ...echo, unary: async () => ({ text: 7 }) }),
    });
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      // @ts-expect-error there are no handlers
      setup: () => {},
    });
  });

  test("asks for the handlers of each of several contracts, by its name", () => {
    defineService({
      name: "both",
      contract: { echo: EchoServiceDefinition, health },
      setup: () => ({ echo, health: {} as Handlers<HealthDefinition> }),
    });
    defineService({
      name: "both",
      contract: { echo: EchoServiceDefinition, health },
      // @ts-expect-error those of health are missing
      setup: () => ({ echo }),
    });
  });

  test("types the configuration as its schema gives it, not as it takes it", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      config: z.object({ maxLines: z.coerce.number().default(10), folder: z.string().optional() }),
      setup({ config }) {
        expectTypeOf(config).toEqualTypeOf<{ maxLines: number; folder?: string | undefined }>();
        return echo;
      },
    });
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      setup({ config }) {
        expectTypeOf(config).toEqualTypeOf<Readonly<Record<string, never>>>();
        return echo;
      },
    });
  });

  test("asks nothing of a service without a contract", () => {
    const worker = defineService({
      name: "worker",
      needs: { orders: EchoServiceDefinition },
      async setup({ needs, background }) {
        background("poll", (signal) => needs.orders.unary({}, { signal }));
      },
    });
    expectTypeOf(worker.name).toEqualTypeOf<"worker">();
    expectTypeOf(worker.contract).toEqualTypeOf<undefined>();
  });

  test("gives back what it was given to own", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      setup({ use }) {
        const book = { pages: 3, [Symbol.dispose]() {} };
        expectTypeOf(use(book)).toEqualTypeOf<typeof book>();
        // @ts-expect-error nothing knows how to dispose of it
        use({ pages: 3 });
        return echo;
      },
    });
  });

  test("takes no need that is no contract", () => {
    defineService({
      name: "orders",
      contract: EchoServiceDefinition,
      // @ts-expect-error a name is none
      needs: { inventory: "inventory" },
      setup: () => echo,
    });
  });
});

describe("defineApp()", () => {
  const orders = defineService({ name: "orders", contract: EchoServiceDefinition, setup: () => echo });
  const stock = defineService({ name: "stock", setup: () => {} });

  test("keeps the names and contracts of its services", () => {
    const app = defineApp({ services: [orders, stock] });
    expectTypeOf(app).toExtend<App>();
    expectTypeOf<(typeof app)["given"][number]["name"]>().toEqualTypeOf<"orders" | "stock">();
    expectTypeOf<(typeof app)["given"][0]["contract"]>().toEqualTypeOf<EchoServiceDefinition>();
  });

  test("knows who may be in a group", () => {
    defineApp({ services: [orders, stock], groups: { back: ["orders", "stock"] } });
    // @ts-expect-error nobody is called so
    defineApp({ services: [orders, stock], groups: { back: ["order"] } });
  });

  test("knows of what there can be replicas: of services and groups", () => {
    defineApp({ services: [orders, stock], replicas: { orders: 2 } });
    defineApp({ services: [orders, stock], groups: { back: ["orders", "stock"] }, replicas: { back: 2 } });
    // @ts-expect-error nobody is called so
    defineApp({ services: [orders, stock], replicas: { order: 2 } });
    // @ts-expect-error no group is called so
    defineApp({ services: [orders, stock], groups: { back: ["orders"] }, replicas: { front: 2 } });
  });

  test("takes groups and replicas whose names are known at run time only", () => {
    const replicas: Readonly<Record<string, number>> = {};
    defineApp({ services: [orders, stock] as readonly ServiceSpec[], groups: {}, replicas });
  });
});
