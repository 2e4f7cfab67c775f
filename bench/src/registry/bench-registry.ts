/**
 * What it costs to know who is alive: a thousand services of ten instances in a real etcd, a hundred of them followed by one
 * process of Hawser and by one of etcd3's own watchers, in turns.
 */
import { Etcd3 } from "etcd3";
import { Process } from "../process/process.js";
import { quantile } from "../quantile.js";
import { type Etcd, startEtcd } from "./etcd.js";
import { instanceJson, keyOf } from "./instances.js";

const serviceCount = 1_000;
const watchedCount = 100;
const idsOf = (generation: string): readonly string[] =>
  Array.from({ length: 10 }, (_, index) => `${generation}${index}`);
const services = Array.from({ length: serviceCount }, (_, index) => `service-${index}`);
const watched = services.slice(0, watchedCount);
const parties = ["hawser", "etcd3"] as const;
type Party = (typeof parties)[number];
const names: { readonly [P in Party]: string } = { hawser: "hawser/etcd", etcd3: "etcd3" };

interface Measured {
  readonly times: number[];
  cpuUs: number;
  readonly more?: { [name: string]: number };
}

type Results = { readonly [P in Party]: Measured };

const none = (): Results => ({ hawser: { times: [], cpuUs: 0, more: {} }, etcd3: { times: [], cpuUs: 0, more: {} } });

/** @param seconds how long nothing happens while the cost of that is measured, and roughly how long instances come and go */
export async function benchRegistry(seconds: number): Promise<void> {
  const etcd = await startEtcd();
  const writer = new Etcd3({ hosts: `http://${etcd.host}` });
  const open = new Map<Party, Process>();
  try {
    for (const service of services) await replace(writer, service, [], idsOf("a"));
    for (const party of parties) open.set(party, start(party));
    await starting(etcd, open);
    await standing(open, seconds);
    await comingAndGoing(open, seconds);
    await restarting(etcd, writer, open);
  } finally {
    await Promise.all([...open.values()].map((each) => each.close()));
    writer.close();
    await etcd.close();
  }
}

function start(party: Party): Process {
  const script = "registry/watcher-process.js";
  return new Process({ name: names[party], script, args: [party], core: 1, profileDir: undefined });
}

/** From nothing to a hundred pictures; each in a process that has done nothing else. */
async function starting(etcd: Etcd, open: Map<Party, Process>): Promise<void> {
  const results = none();
  for (let round = 0; round < 5; round++) {
    for (const party of parties) {
      if (round > 0) {
        await open.get(party)?.close();
        open.set(party, start(party));
      }
      const process = open.get(party) as Process;
      const idle = await process.ask<number>("memory");
      const before = await process.ask<number>("cpuUs");
      results[party].times.push(await process.ask<number>("follow", { host: etcd.host, services: watched }));
      results[party].cpuUs += (await process.ask<number>("cpuUs")) - before;
      results[party].more!["memory_mb"] = ((await process.ask<number>("memory")) - idle) / 1e6;
    }
  }
  report(`start-${watchedCount}-of-${serviceCount}`, results, watchedCount);
}

/** Nothing happens. */
async function standing(open: Map<Party, Process>, seconds: number): Promise<void> {
  const results = none();
  const cpu = (party: Party): Promise<number> => (open.get(party) as Process).ask<number>("cpuUs");
  await pause(20_000); // what starting has left to compile and to collect
  const before = { hawser: await cpu("hawser"), etcd3: await cpu("etcd3") };
  const ms = Math.max(20, seconds * 2) * 1000;
  await pause(ms);
  for (const party of parties) {
    const used = (await cpu(party)) - before[party];
    results[party].cpuUs = used;
    results[party].more!["cpu_percent"] = used / ms / 10;
  }
  report("standing", results, 1);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function comingAndGoing(open: Map<Party, Process>, seconds: number): Promise<void> {
  const [coming, going] = [none(), none()];
  const begun = performance.now();
  for (let round = 0; performance.now() - begun < seconds * 2_000; round++) {
    for (const party of round % 2 === 0 ? parties : [...parties].reverse()) {
      const process = open.get(party) as Process;
      const before = await process.ask<number>("cpuUs");
      const where = { service: watched[round % watchedCount], id: `${party}-${round}` };
      const [seen, gone] = await process.ask<readonly [number, number]>("comeAndGo", where);
      coming[party].times.push(seen);
      going[party].times.push(gone);
      const used = ((await process.ask<number>("cpuUs")) - before) / 2;
      coming[party].cpuUs += used;
      going[party].cpuUs += used;
    }
  }
  report("put-to-pick", coming, 1);
  report("delete-to-last-pick", going, 1);
}

/** Every instance that is followed goes, and another comes in its place, as fast as etcd takes them. */
async function restarting(etcd: Etcd, writer: Etcd3, open: Map<Party, Process>): Promise<void> {
  const results = none();
  for (const generation of ["b", "c", "d"]) {
    for (const party of parties) {
      const asked = { services: watched, ids: idsOf(`${party}-${generation}`) };
      const before = await (open.get(party) as Process).ask<number>("cpuUs");
      const ranges = await etcd.ranges();
      const begun = performance.now();
      const known = (open.get(party) as Process).ask("knows", asked);
      for (const service of watched) await replace(writer, service, latest.get(service) ?? [], asked.ids);
      await known;
      results[party].times.push(performance.now() - begun);
      results[party].cpuUs += (await (open.get(party) as Process).ask<number>("cpuUs")) - before;
      const more = results[party].more!;
      more["ranges_per_watch"] = Math.max(
        more["ranges_per_watch"] ?? 0,
        ((await etcd.ranges()) - ranges) / watchedCount,
      );
    }
  }
  report("mass-restart-1000", results, watchedCount * 10);
}

const latest = new Map<string, readonly string[]>();

/** All in one transaction for a service's new ones, and one for the old. */
async function replace(writer: Etcd3, service: string, old: readonly string[], next: readonly string[]): Promise<void> {
  const full = (id: string): string => `${service}-${id}`;
  if (old.length > 0) {
    await writer.kv.txn({
      success: old.map((id) => ({ request_delete_range: { key: Buffer.from(keyOf(service, full(id))) } })),
    });
  }
  await writer.kv.txn({
    success: next.map((id) => ({
      request_put: { key: Buffer.from(keyOf(service, full(id))), value: Buffer.from(instanceJson(service, full(id))) },
    })),
  });
  latest.set(service, next);
}

/** For programs a line a party on stdout, for people one on stderr. @param per how many operations one time is of */
function report(name: string, results: Results, per: number): void {
  const opsPerS = ({ times }: Measured): number => (per * 1000) / (median(times) || Number.NaN);
  for (const party of parties) {
    const peer = party === "hawser" ? "etcd3" : "hawser";
    const { times, cpuUs: used, more } = results[party];
    const figures = {
      ops_per_s: round(opsPerS(results[party])),
      p50_ms: round(median(times)),
      p99_ms: round(quantile(times, 0.99)),
      cpu_us_per_op: round(used / Math.max(1, times.length * per)),
      ratio: round(opsPerS(results[party]) / opsPerS(results[peer])),
      ...Object.fromEntries(Object.entries(more ?? {}).map(([key, value]) => [key, round(value)])),
    };
    process.stdout.write(
      `${JSON.stringify({ suite: "registry", case: name, subject: names[party], peer: names[peer], ...figures })}\n`,
    );
    const said = Object.entries(figures).filter(([, value]) => !Number.isNaN(value));
    process.stderr.write(
      `${name.padEnd(24)}${names[party].padEnd(14)}${said.map(([key, value]) => `${key} ${value}`).join("  ")}\n`,
    );
  }
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Four digits that count. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
