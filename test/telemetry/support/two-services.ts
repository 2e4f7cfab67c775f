/** A process with two services, orders and inventory, in a program named shop; what it prints are its log lines. */
import { trace } from "@opentelemetry/api";
import { type ClosableClient, createClient } from "../../../src/client/client.js";
import { createServer } from "../../../src/server/server.js";
import {
  clientTelemetry,
  createLogger,
  type ServiceTelemetry,
  serverTelemetry,
  startTelemetry,
  type TelemetryOptions,
} from "../../../src/telemetry/telemetry.js";
import { memoryTransport } from "../../../src/transport/memory/memory.js";
import { EchoServiceDefinition } from "../../gen/hawser/test/v1/echo.js";

type Echo = ClosableClient<EchoServiceDefinition>;

const logger = createLogger({ service: "shop" });
const telemetry = await startTelemetry({ serviceName: "shop", serviceVersion: "9.9.9", logger });
const orders = telemetry.forService({ serviceName: "orders", serviceVersion: "1.2.3", instanceId: "orders-1" });
const inventory = telemetry.forService({ serviceName: "inventory", instanceId: "inventory-1" });
const transport = memoryTransport();
const open: { close(): Promise<void> }[] = [];

async function serve(own: ServiceTelemetry, name: string, answer: (text: string) => Promise<string>): Promise<void> {
  const server = createServer({ transport, address: `memory://${name}`, middleware: [serverTelemetry({ ...own })] });
  const unary = async ({ text = "" }: { text?: string }) => ({ text: await answer(text) });
  const none = (): never => {
    throw new Error("not in this test");
  };
  const missing = { read: none, put: none, serverStream: none, clientStream: none, bidi: none };
  server.add(EchoServiceDefinition, { unary, ...missing });
  await server.start();
  open.push(server);
}

function client(own: TelemetryOptions, name: string): Echo {
  const { call, attempt } = clientTelemetry({ ...own, target: name });
  const target = `memory://${name}`;
  const made: Echo = createClient(EchoServiceDefinition, {
    transport,
    target,
    middleware: [call],
    attemptMiddleware: [attempt],
  });
  open.push(made);
  return made;
}

const toInventory = client(orders, "inventory");
await serve(inventory, "inventory", async (text) => `${text}!`);
await serve(orders, "orders", (text) =>
  trace.getTracer("a library").startActiveSpan("look it up", async (span) => {
    logger.info({}, "handling");
    const answer = await toInventory.unary({ text });
    span.end();
    return answer.text;
  }),
);
const toOrders = client({}, "orders");

const scenarios: { readonly [name: string]: () => Promise<void> } = {
  async once() {
    await toOrders.unary({ text: "rope" });
  },
  async scraped() {
    await toOrders.unary({ text: "rope" });
    const page = `http://127.0.0.1:${process.env["OTEL_EXPORTER_PROMETHEUS_PORT"]}/metrics`;
    logger.info({ metrics: await (await fetch(page)).text() }, "scraped");
    await inventory.close();
    logger.info({ metrics: await (await fetch(page)).text() }, "scraped again");
  },
  async leaving() {
    await toOrders.unary({ text: "rope" });
    await inventory.close();
    await inventory.close();
    logger.info({}, "inventory has left");
    await toOrders.unary({ text: "rope" });
  },
  async empty() {
    logger.info({ own: Object.keys({ ...orders }) }, "own");
  },
};

await scenarios[process.argv[2] as string]?.();
for (const each of open.reverse()) await each.close();
await telemetry.close();
logger.info({}, "done");
