/**
 * The shop at work: four processes find each other in a registry and serve real calls, while one of them is killed and
 * another takes its place. `make demo`, or `REGISTRY=etcd CALLS=500 make demo`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, grpcJsTransport, openRegistry, startTelemetry } from "hawser";
import { clientTelemetry } from "hawser/telemetry";
import { checkBooks } from "./demo/books.js";
import { Children } from "./demo/children.js";
import { Collector } from "./demo/collector.js";
import { Customers } from "./demo/customers.js";
import { setEnvironment } from "./demo/environment.js";
import { Interrupted, interrupted } from "./demo/interrupted.js";
import { Progress } from "./demo/progress.js";
import { report } from "./demo/report.js";
import { readSettings, type Settings } from "./demo/settings.js";
import { Shop, services } from "./demo/shop.js";
import { startRegistry } from "./demo/start-registry.js";
import { tellingTrace, traceTree } from "./demo/trace-tree.js";
import { verdict } from "./demo/verdict.js";
import { StorefrontServiceDefinition } from "./gen/shop/storefront/v1/storefront.js";

async function demo(settings: Settings, children: Children, folder: string, signal: AbortSignal): Promise<boolean> {
  const { calls, concurrency, otlpEndpoint } = settings;
  const collector = new Collector(otlpEndpoint);
  setEnvironment({ otlpEndpoint: await collector.listen(), folder });
  say("starting a registry and four processes");
  process.env["HAWSER_REGISTRY"] = await startRegistry(settings.registry, children, folder);
  say(`registry    ${process.env["HAWSER_REGISTRY"]}`);

  const shop = new Shop(children);
  const inventories = ["inventory-1", "inventory-2"].map((name) => shop.start("inventory", name));
  const started = await Promise.all([...inventories, shop.start("orders"), shop.start("storefront")]);
  for (const { service, instance } of started) say(`${service.padEnd(10)}  ${instance}`);

  const telemetry = await startTelemetry({ serviceName: "customers" });
  const registry = openRegistry(process.env["HAWSER_REGISTRY"]);
  const { call, attempt } = clientTelemetry({ target: "storefront" });
  const storefront = createClient(StorefrontServiceDefinition, {
    registry,
    service: "storefront",
    transport: grpcJsTransport(),
    middleware: [call],
    attemptMiddleware: [attempt],
  });

  const progress = new Progress(calls);
  let killed = Promise.resolve(false);
  let replaced: Promise<unknown> = Promise.resolve();
  const customers = new Customers({
    storefront,
    calls,
    concurrency,
    signal,
    onCall(made) {
      progress.step();
      if (made !== Math.floor(calls / 2)) return;
      killed = shop.kill("inventory-1");
      replaced = shop.start("inventory", "inventory-3", "started after the kill");
      replaced.catch(() => {});
      progress.note(`${started[0]!.instance} is killed, another inventory starts`);
    },
  });
  await customers.come(0, 0.9);
  await replaced;
  await customers.come(0.9, 1);
  progress.end();

  await storefront.close();
  await registry.close();
  await telemetry.close();
  await shop.close();
  await collector.close();

  say(`\n${report(shop.processes, collector.spans)}`);
  const trace = tellingTrace(collector.spans, services);
  if (trace === undefined) throw new Error("no trace came through all three services");
  say(`\none call across the services, trace ${trace[0]!.traceId}:\n${traceTree(trace)}\n`);
  say(whereTracesAre(otlpEndpoint, collector.complaint));

  for (const complaint of customers.complaints) say(`failed: ${complaint}`);
  if (customers.failed === 0) await checkBooks(folder, customers.purchases);
  const { line, passed } = verdict({
    planned: calls,
    calls: customers.made,
    failed: customers.failed,
    killed: Number(await killed),
  });
  say(line);
  return passed;
}

function whereTracesAre(otlpEndpoint: string | undefined, complaint: string | undefined): string {
  if (complaint !== undefined) return `not all traces could be handed on: ${complaint}`;
  if (otlpEndpoint !== undefined) return `all traces have been handed on to ${otlpEndpoint}`;
  return [
    "all traces, in Jaeger (http://127.0.0.1:16686):",
    "  docker run --rm -p 4318:4318 -p 16686:16686 jaegertracing/jaeger",
    "  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 make demo",
  ].join("\n");
}

function say(text: string): void {
  console.log(text);
}

const children = new Children();
const closing = new AbortController();
const folder = await mkdtemp(join(tmpdir(), "hawser-shop-"));
let exitCode = 1;
try {
  const work = demo(readSettings(process.env), children, folder, closing.signal);
  exitCode = (await Promise.race([work, children.unexpectedEnd, interrupted()])) ? 0 : 1;
} catch (reason) {
  closing.abort();
  console.error(`demo: ${reason instanceof Error ? reason.message : reason}`);
  if (reason instanceof Interrupted) exitCode = 130;
}
await children.stopAll(2_000);
await rm(folder, { recursive: true, force: true });
process.exit(exitCode);
