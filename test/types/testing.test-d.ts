import { describe, expectTypeOf, test } from "vitest";
import type { Client, Handlers } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { type App, defineApp, defineService } from "../../src/service/service.js";
import {
  type Fakes,
  type Fault,
  type ManualClock,
  manualClock,
  type TestApp,
  testApp,
} from "../../src/testing/testing.js";
import type { Empty } from "../gen/grpc/testing/empty.js";
import type { SimpleRequest, SimpleResponse } from "../gen/grpc/testing/messages.js";
import { TestServiceDefinition } from "../gen/grpc/testing/test.js";
import type { EchoRequest, EchoResponse, EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";
import type { PaymentsServiceDefinition } from "../gen/hawser/test/v1/payments.js";
import { harbour, pier } from "../testing/harbour.js";

describe("what stands in for a service", () => {
  test("has handlers of its contract, as few as a test likes", () => {
    testApp(pier, { replace: { ledger: {} } });
    testApp(pier, {
      replace: {
        ledger: {
          unary: (request, call) => {
            expectTypeOf(request).toEqualTypeOf<EchoRequest>();
            expectTypeOf(call.peer).toBeString();
            return { text: request.text };
          },
          async *serverStream({ count }) {
            yield { index: count };
          },
        },
      },
    });
  });

  test("has no method that the contract has not", () => {
    // @ts-expect-error a misspelt method
    testApp(pier, { replace: { ledger: { unray: () => ({}) } } });
  });

  test("answers with fields of the contract, and of their types", () => {
    // @ts-expect-error a number where a text is due
    testApp(pier, { replace: { ledger: { unary: () => ({ text: 1 }) } } });
    // @ts-expect-error one answer where a stream is due
    testApp(pier, { replace: { ledger: { serverStream: () => ({ text: "one" }) } } });
  });

  test("is one of the app, or one outside of it that is needed", () => {
    // @ts-expect-error nobody is called so
    testApp(pier, { replace: { dock: {} } });
    testApp(harbour, { replace: { "harbour-bank": { pay: ({ orderId }) => ({ receipt: orderId }) } } });
    // @ts-expect-error its contract has no such method
    testApp(harbour, { replace: { "harbour-bank": { unary: () => ({}) } } });
    // @ts-expect-error it goes by the name it registers under
    testApp(harbour, { replace: { bank: {} } });
  });

  test("goes by the names of its contracts, where it has several", () => {
    testApp(harbour, { replace: { office: { payments: { pay: () => ({ receipt: "r" }) } } } });
    // @ts-expect-error the method of a contract, without its name
    testApp(harbour, { replace: { office: { pay: () => ({ receipt: "r" }) } } });
  });
});

describe("the other options", () => {
  test("name services of the app only", () => {
    testApp(pier, { only: ["desk"], config: { shared: { folder: "/tmp" }, ledger: { forgetful: true } } });
    // @ts-expect-error nobody is called so
    testApp(pier, { only: ["dock"] });
    // @ts-expect-error nobody is called so
    testApp(pier, { config: { dock: {} } });
  });

  test("give the app the very clock", () => {
    expectTypeOf(testApp(pier, { clock: manualClock() })).resolves.toHaveProperty("clock");
    expectTypeOf<TestApp<typeof pier, ManualClock>["clock"]["advance"]>().toBeFunction();
  });
});

test("helpers are typed by the app", () => {
  const fakes: Fakes<typeof harbour> = { ledger: { put: ({ text }) => ({ text }) } };
  const fault: Fault<typeof harbour> = { from: "test", to: "office", method: "pay", delayMs: 5 };
  const pay = (app: TestApp<typeof harbour>) => app.client("office", "payments").pay({ orderId: "o-1" });
  const pass = async () => pay(await testApp(harbour, { replace: fakes, faults: [fault] }));
  expectTypeOf(pass).returns.resolves.toHaveProperty("receipt");
  // @ts-expect-error nobody is called so
  ({ to: "dock", delayMs: 5 }) satisfies Fault<typeof harbour>;
  // @ts-expect-error its contract has no such method
  ({ ledger: { pay: () => ({}) } }) satisfies Fakes<typeof harbour>;
});

const bench = defineService({
  name: "bench",
  contract: TestServiceDefinition,
  needs: { supplier: { contract: TestServiceDefinition, external: true } },
  setup: ({ needs }) => needs.supplier as unknown as Handlers<typeof TestServiceDefinition>,
});
const laboratory = defineApp({ services: [bench] });

declare const lab: TestApp<typeof laboratory>;
declare const app: TestApp<typeof harbour>;
declare const any: App;

describe("an app under test", () => {
  test("has clients of its contracts", () => {
    expectTypeOf(app.client("desk")).toEqualTypeOf<Client<typeof EchoServiceDefinition>>();
    expectTypeOf(app.client("desk", { timeoutMs: 5 })).toEqualTypeOf<Client<typeof EchoServiceDefinition>>();
    expectTypeOf(app.client("office", "payments")).toEqualTypeOf<Client<typeof PaymentsServiceDefinition>>();
    // @ts-expect-error nobody is called so
    app.client("dock");
    // @ts-expect-error which contract?
    app.client("office");
    // @ts-expect-error no contract of that name
    app.client("office", "ehco");
    // @ts-expect-error it has only one
    app.client("desk", "echo");
  });

  test("has recorded calls, typed by their contract", () => {
    const [call] = app.callsTo("ledger", "unary");
    expectTypeOf(call!.request).toEqualTypeOf<EchoRequest>();
    expectTypeOf(call!.response).toEqualTypeOf<EchoResponse | undefined>();
    const [stream] = app.callsTo("ledger", "bidi");
    expectTypeOf(stream!.request).toEqualTypeOf<readonly EchoRequest[]>();
    expectTypeOf(stream!.response).toEqualTypeOf<readonly EchoResponse[] | undefined>();
    expectTypeOf(app.callsTo("office", "pay")[0]!.request.orderId).toBeString();
    expectTypeOf(app.callsTo("harbour-bank", "pay")[0]!.request.orderId).toBeString();
    // @ts-expect-error nobody is called so
    app.callsTo("dock");
    // @ts-expect-error it has no such method
    app.callsTo("ledger", "pay");
  });

  test("has the messages of the method that was called, not those of all its service has", () => {
    const [call] = lab.callsTo("bench", "unaryCall");
    expectTypeOf(call!.request).toEqualTypeOf<SimpleRequest>();
    expectTypeOf(call!.response).toEqualTypeOf<SimpleResponse | undefined>();
    expectTypeOf(lab.callsTo("bench", "emptyCall")[0]!.request).toEqualTypeOf<Empty>();

    const [outside] = lab.callsTo("supplier", "unaryCall");
    expectTypeOf(outside!.request).toEqualTypeOf<SimpleRequest>();
    expectTypeOf(lab.callsTo("supplier", "emptyCall")[0]!.response).toEqualTypeOf<Empty | undefined>();
  });

  test("says who runs: services, and fakes of who is outside of the app", () => {
    expectTypeOf(app.services).toEqualTypeOf<readonly ("office" | "desk" | "ledger" | "harbour-bank")[]>();
  });

  test("takes faults between those that are there", () => {
    app.inject({ to: "ledger", method: "unary", error: Code.UNAVAILABLE, times: 1 });
    app.inject({ from: "test", duplicate: true });
    app.inject({ to: "harbour-bank", method: "pay", drop: "response" });
    // @ts-expect-error nobody is called so
    app.inject({ to: "dock", delayMs: 1 });
    // @ts-expect-error nobody is called so
    app.inject({ from: "dock", delayMs: 1 });
    // @ts-expect-error it has no such method
    app.inject({ to: "ledger", method: "pay", delayMs: 1 });
    // @ts-expect-error a method of whom?
    app.inject({ method: "pay", delayMs: 1 });
  });

  test("may be one of which nothing is known", () => {
    testApp(any, { only: ["whoever"], replace: { somebody: { method: () => ({}) } } });
  });
});
