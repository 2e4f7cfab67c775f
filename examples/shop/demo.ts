/**
 * The shop at work under `hawser up`: four processes find each other in a registry and serve real calls, while one of them
 * is killed and its supervisor starts another. `make demo`; `REGISTRY=etcd` does it on etcd, `KEEP=1` leaves the shop open, `CALLS=500` asks
 * for fewer calls, and with `OTEL_EXPORTER_OTLP_ENDPOINT` a Jaeger gets all traces too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkBooks } from "./demo/books.js";
import { Children } from "./demo/children.js";
import { Collector } from "./demo/collector.js";
import { Customers } from "./demo/customers.js";
import { openCustomersClient } from "./demo/customers-client.js";
import { setEnvironment } from "./demo/environment.js";
import { Interrupted, interrupted } from "./demo/interrupted.js";
import { whereTracesAre } from "./demo/jaeger.js";
import { Progress } from "./demo/progress.js";
import { report } from "./demo/report.js";
import { readSettings, type Settings } from "./demo/settings.js";
import { Shop, services } from "./demo/shop.js";
import { startEtcd } from "./demo/start-registry.js";
import { tellingTrace, traceTree } from "./demo/trace-tree.js";
import { verdict } from "./demo/verdict.js";

interface Stage {
  readonly settings: Settings;
  readonly children: Children;
  /** Where the shop keeps its books. */
  readonly folder: string;
  /** Aborts where the demo ends before its time. */
  readonly signal: AbortSignal;
}

/** Resolves with whether all went as it must. */
async function demo({ settings, children, folder, signal }: Stage): Promise<boolean> {
  const collector = new Collector(settings.otlpEndpoint);
  setEnvironment({ otlpEndpoint: await collector.listen(), folder });

  if (settings.registry === "etcd") process.env["HAWSER_REGISTRY"] = await startEtcd(children, folder);
  console.log("hawser up examples/shop: four processes");
  const shop = new Shop(children);
  await shop.open();
  const { registry } = shop;
  console.log(`registry    ${registry}`);
  for (const { service, instance } of shop.processes) console.log(`${service.padEnd(10)}  ${instance}`);

  const { customers, killed } = await trade(shop, registry, settings, signal);
  // Services tell the last of their spans when they go; where they are to stay, silence has to do.
  if (settings.keep) await collector.quiet();
  else {
    await shop.close();
    await collector.close();
  }

  console.log(`\n${report(shop.processes, collector.spans)}\n`);
  const trace = tellingTrace(collector.spans, services);
  if (trace !== undefined) console.log(`one call, trace ${trace[0]!.traceId}:\n${traceTree(trace)}\n`);
  console.log(whereTracesAre(settings.otlpEndpoint, collector.complaint));

  const complaints = [...customers.complaints];
  if (trace === undefined) complaints.push("no trace came through all three services");
  if (customers.failed === 0) complaints.push(...(await checkBooks(folder, customers.purchases)));
  for (const complaint of complaints) console.log(`failed: ${complaint}`);

  const counts = { planned: settings.calls, calls: customers.made, failed: customers.failed, killed: Number(killed) };
  const { line, passed } = verdict(counts);
  console.log(line);
  if (settings.keep) console.error("the shop stays open until Ctrl-C; try: hawser ps, hawser list");
  return passed && complaints.length === 0;
}

/** Lets the customers come; halfway one inventory is killed and another starts. */
async function trade(shop: Shop, registry: string, { calls, concurrency }: Settings, signal: AbortSignal) {
  const client = await openCustomersClient(registry);
  const progress = new Progress(calls);
  let killed = Promise.resolve(false);
  const onCall = (made: number): void => {
    progress.step();
    if (made !== Math.floor(calls / 2)) return;
    killed = shop.kill("inventory-1");
    killed.catch(() => {}); // until it is awaited
    progress.note("one inventory is killed, its supervisor starts another");
  };
  const customers = new Customers({ storefront: client.storefront, calls, concurrency, signal, onCall });
  await customers.come(0, 0.9);
  await killed;
  await customers.come(0.9, 1);
  progress.end();
  await client.close();
  return { customers, killed: await killed };
}

const children = new Children();
const closing = new AbortController();
const stopped = interrupted();
const folder = await mkdtemp(join(tmpdir(), "hawser-shop-"));
let exitCode = 1;
try {
  const settings = readSettings(process.env);
  const work = demo({ settings, children, folder, signal: closing.signal });
  exitCode = (await Promise.race([work, children.unexpectedEnd, stopped])) ? 0 : 1;
  if (settings.keep) await Promise.race([children.unexpectedEnd, stopped.catch(() => {})]);
} catch (reason) {
  closing.abort();
  console.error(`demo: ${reason instanceof Error ? reason.message : reason}`);
  exitCode = reason instanceof Interrupted ? 130 : 1;
}
await children.stopAll(40_000);
await rm(folder, { recursive: true, force: true });
process.exit(exitCode);
