import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ClosableClient, createClient } from "../../src/client/client.js";
import type { Handlers } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { createServer, type Server } from "../../src/server/server.js";
import { clientTelemetry, serverTelemetry } from "../../src/telemetry/telemetry.js";
import type { Clock } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";
import { ManualClock } from "../support/manual-clock.js";
import { TestSdk } from "./support/sdk.js";

type Echo = ClosableClient<EchoServiceDefinition>;
type EchoHandlers = Handlers<EchoServiceDefinition>;

const networks: readonly [
  name: string,
  transport: (options: { readonly clock: Clock }) => Transport,
  address: (service: string) => string,
  placement: "local" | "remote",
][] = [
  ["memory", memoryTransport, (service) => `memory://${service}`, "local"],
  ["grpc-js", grpcJsTransport, () => "grpc://127.0.0.1:0", "remote"],
];

describe.each(networks)("over %s", (_, makeTransport, addressOf, placement) => {
  let sdk: TestSdk;
  let clock: ManualClock;
  let transport: Transport;
  let open: { close(): Promise<void> }[];

  beforeEach(() => {
    sdk = new TestSdk().register();
    clock = new ManualClock();
    transport = makeTransport({ clock });
    open = [];
  });
  afterEach(async () => {
    for (const each of open.reverse()) await each.close();
    await sdk.close();
  });

  async function serve(service: string, handlers: Partial<EchoHandlers>): Promise<Server> {
    const missing = (): never => {
      throw new RpcError(Code.UNIMPLEMENTED, "not in this test");
    };
    const all: EchoHandlers = {
      unary: missing,
      read: missing,
      put: missing,
      serverStream: missing,
      clientStream: missing,
      bidi: missing,
      ...handlers,
    };
    const server = createServer({ transport, address: addressOf(service), middleware: [serverTelemetry()] });
    server.add(EchoServiceDefinition, all);
    await server.start();
    open.push(server);
    return server;
  }

  function call(server: Server, target: string): Echo {
    const { call, attempt } = clientTelemetry({ target });
    const client = createClient(EchoServiceDefinition, {
      transport,
      clock,
      target: server.address,
      middleware: [call],
      attemptMiddleware: [attempt],
      retry: { initialBackoffMs: 10 },
    });
    open.push(client as Echo & { close(): Promise<void> });
    return client;
  }

  /** All spans, once `count` of them have ended: a server ends its span after its client has the answer. */
  async function ended(count: number): Promise<readonly ReadableSpan[]> {
    await vi.waitFor(() => expect(sdk.spans).toHaveLength(count), 10_000);
    expect(sdk.openSpans).toBe(0);
    return sdk.spans;
  }

  function childOf(spans: readonly ReadableSpan[], parent: ReadableSpan | undefined): ReadableSpan | undefined {
    return spans.find(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId);
  }

  it("a call through two services is one trace, a span for each end of each call", async () => {
    const inventory = call(
      await serve("inventory", { unary: async ({ text }) => ({ text: `${text}!` }) }),
      "inventory",
    );
    const orders = call(await serve("orders", { put: ({ text }) => inventory.unary({ text }) }), "orders");

    expect(await orders.put({ text: "rope" })).toMatchObject({ text: "rope!" });

    const spans = await ended(4);
    const root = spans.find(({ parentSpanContext }) => parentSpanContext === undefined);
    const ordersServer = childOf(spans, root);
    const inventoryClient = childOf(spans, ordersServer);
    const inventoryServer = childOf(spans, inventoryClient);
    expect([root, ordersServer, inventoryClient, inventoryServer].map((span) => [span?.name, span?.kind])).toEqual([
      ["hawser.test.v1.EchoService/Put", SpanKind.CLIENT],
      ["hawser.test.v1.EchoService/Put", SpanKind.SERVER],
      ["hawser.test.v1.EchoService/Unary", SpanKind.CLIENT],
      ["hawser.test.v1.EchoService/Unary", SpanKind.SERVER],
    ]);
    expect(root?.attributes["server.address"]).toBe("orders");
    expect(inventoryClient?.attributes["server.address"]).toBe("inventory");
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(new Set(spans.map(({ attributes }) => attributes["hawser.placement"]))).toEqual(new Set([placement]));
  });

  it("a retried call is one span with an event for each attempt, and each attempt a span at the server", async () => {
    let asked = 0;
    const flaky = await serve("flaky", {
      async read() {
        asked++;
        if (asked === 1) throw new RpcError(Code.UNAVAILABLE, "warming up");
        return { text: "ready" };
      },
    });
    const answer = call(flaky, "flaky").read({});
    await vi.waitFor(() => {
      clock.advance(10);
      expect(asked).toBe(2);
    }, 4000);
    await answer;

    const spans = await ended(3);
    const client = spans.find(({ kind }) => kind === SpanKind.CLIENT);
    const attempts = client?.events.map(({ attributes }) => [
      attributes?.["hawser.attempt.number"],
      attributes?.["rpc.status_code"],
    ]);
    expect(attempts).toEqual([
      [1, "UNAVAILABLE"],
      [2, "OK"],
    ]);
    expect(client?.status.code).toBe(SpanStatusCode.UNSET);
    const servers = spans.filter(({ kind }) => kind === SpanKind.SERVER);
    for (const each of servers) expect(each.parentSpanContext?.spanId).toBe(client?.spanContext().spanId);
  });

  it("streams are counted at both ends, and a reader who breaks off ends both spans", async () => {
    const server = await serve("stream", {
      async *serverStream({ count }) {
        for (let index = 0; index < count; index++) yield { index };
      },
      async *bidi(requests) {
        for await (const { text } of requests) yield { text };
      },
    });
    const client = call(server, "stream");

    async function* two(): AsyncGenerator<{ text: string }> {
      yield { text: "a" };
      yield { text: "b" };
    }
    for await (const _ of client.bidi(two()));
    for (const span of await ended(2)) {
      expect(span.attributes).toMatchObject({
        "hawser.messages.sent": 2,
        "hawser.messages.received": 2,
        "rpc.status_code": "OK",
      });
    }

    for await (const { index } of client.serverStream({ count: 1_000_000 })) if (index === 2) break;
    const spans = await ended(4);
    for (const span of spans.slice(2)) expect(span.attributes["rpc.status_code"]).toBe("CANCELLED");
    expect(spans.slice(2).find(({ kind }) => kind === SpanKind.CLIENT)?.attributes["hawser.messages.received"]).toBe(3);
  });

  it("a call that outlives its deadline ends both spans so", async () => {
    const server = await serve("slow", {
      unary: (_request, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          clock.advance(1000);
        }),
    });
    const answer = call(server, "slow").unary({}, { timeoutMs: 1000 });
    await expect(answer).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    for (const span of await ended(2)) expect(span.attributes["rpc.status_code"]).toBe("DEADLINE_EXCEEDED");
  });
});
