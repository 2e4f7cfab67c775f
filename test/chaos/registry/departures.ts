import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { newInstanceId } from "../../../src/contract/contract.js";
import { createServer, grpcJsTransport } from "../../../src/index.js";
import { etcdRegistry } from "../../../src/registry/etcd/etcd.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import type { Fault } from "../fault.js";
import { OneEtcd } from "./backends.js";
import { Stage, service, ttlMs } from "./stage.js";

/** What etcd takes to see that a lease is over, measured at 0.17 to 0.49 s. */
const expiryMs = 500;
/** From the end of a process to the last call that began before the caller's process saw it, on a machine that is busy. */
const breakMs = 250;

/** Somebody who can be called and is to go without a word. */
interface Mortal extends AsyncDisposable {
  readonly id: string;
  go(): void;
}

/** `kill -9`: its connections break. */
async function processOfItsOwn({ server }: OneEtcd): Promise<Mortal> {
  const id = newInstanceId("mortal");
  const file = fileURLToPath(new URL("mortal.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file, id, server.endpoint], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended]);
  const go = (): void => void child.kill("SIGKILL");
  return {
    id,
    go,
    async [Symbol.asyncDispose]() {
      go();
      await ended;
    },
  };
}

/** A machine that is cut off: nothing breaks, and nothing answers. */
async function machineOfItsOwn({ server }: OneEtcd): Promise<Mortal> {
  const id = newInstanceId("mortal");
  const listening = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" });
  listening.add(EchoServiceDefinition, echo());
  await listening.start();
  const [address = ""] = listening.addresses;
  const road = await TcpProxy.to(address);
  const toEtcd = await TcpProxy.to(server.endpoint);
  const registry = etcdRegistry({ hosts: toEtcd.addressFor(server.endpoint), ttlMs });
  const usual = { version: "", contracts: [], metadata: {}, weight: 100, zone: "", startedAt: new Date() };
  await registry.register({ ...usual, id, service, endpoints: [road.addressFor(address)], state: "serving" });
  return {
    id,
    go() {
      road.stall();
      toEtcd.stall();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([road.close(), toEtcd.close()]);
      await registry.close();
      await listening.close();
    },
  };
}

interface Departure {
  readonly name: string;
  readonly arrive: (etcd: OneEtcd) => Promise<Mortal>;
  /** How long after it has gone it may still be called, at most. */
  readonly withinMs: number;
  /** Whether calls that are with it when it goes can only end by their deadline. */
  readonly mayFail: boolean;
}

function departure({ name, arrive, withinMs, mayFail }: Departure): Fault {
  return {
    name,
    rounds: 50,
    async run({ rounds, random, signal, progress }) {
      const etcd = await OneEtcd.start();
      await using stage = await Stage.start(etcd, { random, signal, retry: true });
      const { callers, dropped } = stage;
      const lastPicks: number[] = [];
      while (lastPicks.length < rounds && !signal.aborted) {
        await using mortal = await arrive(etcd);
        await stage.picked(mortal.id);
        const goneAt = performance.now();
        mortal.go();
        await stage.forgotten(mortal.id);
        lastPicks.push(stage.lastPick(mortal.id) - goneAt);
        if (lastPicks.length % 10 === 0)
          progress(`${lastPicks.length} rounds, last pick after ${longest(lastPicks)} ms`);
      }
      const late = lastPicks.filter((each) => each > withinMs).length;
      return {
        rounds: lastPicks.length,
        calls: callers.calls,
        failed: callers.failed,
        detail: `last pick after ${longest(lastPicks)} ms at most, ${withinMs} ms are due`,
        broken: [
          ...(late > 0 ? [`${late} times it was called later than ${withinMs} ms after it had gone`] : []),
          ...(dropped.length > 0 ? [`somebody who lives was dropped: ${dropped[0]!.ids.join(", ")}`] : []),
          ...(callers.failed > 0 && !mayFail ? [`${callers.failed} calls failed: ${callers.complaints[0]}`] : []),
        ],
      };
    },
  };
}

function longest(times: readonly number[]): number {
  return Math.round(Math.max(0, ...times));
}

/** An instance goes without a word: how long others still try to call it. */
export const departures: readonly Fault[] = [
  departure({ name: "instance-killed", arrive: processOfItsOwn, withinMs: breakMs, mayFail: false }),
  departure({ name: "instance-vanished", arrive: machineOfItsOwn, withinMs: ttlMs + expiryMs, mayFail: true }),
];
