import type { Bench, Experiment } from "../experiment.js";
import { columns } from "../line.js";
import { clientCore, serverCore } from "../pair.js";
import { Process } from "../process/process.js";
import { quantile } from "../quantile.js";
import type { LinkOptions } from "./transfer/link.js";
import { messageBytes } from "./transfer/transfer.js";
import type { TransferCommand, Transferred } from "./transfer/transfer-process.js";

/** 50 ms there and back; as much bandwidth as the process that plays the road keeps up steadily beside everybody else. */
const link: LinkOptions = { oneWayMs: 25, bytesPerS: 32e6 };

const transferBytes = 64 << 20;
/** What everybody transfers first, which counts for nothing but the estimate of how long the whole takes. */
const trialMessages = (4 << 20) / messageBytes;
/** Who would take longer for 64 MiB transfers less. */
const longestMs = 10_000;

const names = { "hawser-http2": "hawser/http2", "grpc-js": "grpc-js", tcp: "tcp" } as const;
type Folder = keyof typeof names;
const peers: readonly Folder[] = ["tcp", "grpc-js"];
const directions = ["upload", "download"] as const;

interface Taker {
  readonly folder: Folder;
  readonly server: Process;
  readonly client: Process;
  readonly port: number;
  messages: number;
  readonly times: { readonly [D in (typeof directions)[number]]: number[] };
  readonly cpuUs: { client: number; server: number };
}

/**
 * 64 MiB up and 64 MiB down over a road of 50 ms and 32 MB/s, on a new connection every time; `tcp` sends nothing but the
 * bytes, and so says what the road can carry.
 */
export const latency50ms: Experiment = {
  name: "latency-50ms",
  cases: directions.map(caseOf),

  async run(bench) {
    const open: Process[] = [];
    const start = (script: string, party: string, role: string, core?: number): Process => {
      const name = `latency-50ms ${party} ${role}`.trim();
      const options = { name, script: `wire/transfer/${script}.js`, args: [party], core, profileDir: bench.profileDir };
      const process = new Process(options);
      open.push(process);
      return process;
    };
    try {
      const road = start("link-process", "", "road");
      const takers: Taker[] = [];
      for (const folder of Object.keys(names) as Folder[]) {
        const server = start("transfer-process", folder, "server", serverCore);
        const client = start("transfer-process", folder, "client", clientCore);
        const port = await road.ask<number>("open", { targetPort: await server.ask<number>("serve"), ...link });
        takers.push({
          messages: trialMessages,
          folder,
          server,
          client,
          port,
          times: { upload: [], download: [] },
          cpuUs: { client: 0, server: 0 },
        });
      }
      for (const taker of takers) await tryOut(taker);
      const rounds = Math.max(1, Math.round((bench.seconds * link.bytesPerS) / transferBytes / directions.length));
      for (let round = 0; round < rounds; round++) {
        for (const taker of round % 2 === 0 ? takers : takers.toReversed()) await transfer(taker);
      }
      report(bench, takers);
    } finally {
      await Promise.all(open.map((process) => process.close()));
    }
  },
};

/** Says how many messages the others are to be. */
async function tryOut(taker: Taker): Promise<void> {
  const { upload, download } = await ask(taker);
  const msEach = Math.max(upload, download) / trialMessages;
  taker.messages = Math.min(transferBytes / messageBytes, Math.max(trialMessages, Math.floor(longestMs / msEach)));
}

async function transfer(taker: Taker): Promise<void> {
  const { server, client, times, cpuUs } = taker;
  const before = [await client.ask<number>("cpuUs"), await server.ask<number>("cpuUs")] as const;
  const took = await ask(taker);
  for (const direction of directions) times[direction].push(took[direction]);
  cpuUs.client += (await client.ask<number>("cpuUs")) - before[0];
  cpuUs.server += (await server.ask<number>("cpuUs")) - before[1];
}

function ask({ client, port, messages }: Taker): Promise<Transferred> {
  return client.ask<Transferred>("transfer", { port, messages } satisfies TransferCommand);
}

function report({ suite, print, say }: Bench, takers: readonly Taker[]): void {
  const rows: string[][] = [];
  for (const direction of directions) {
    const mbPerS = ({ times, messages }: Taker): number =>
      (messages * messageBytes) / 1e3 / quantile(times[direction], 0.5);
    const name = caseOf(direction);
    for (const taker of takers) {
      const subject = names[taker.folder];
      const mib = (taker.messages * messageBytes) / (1 << 20);
      for (const peer of takers.filter(({ folder }) => peers.includes(folder))) {
        if (taker.folder === "tcp" && peer !== taker) continue;
        const ratio = mbPerS(taker) / mbPerS(peer);
        const figures = { ...figuresOf(taker, direction), mb_per_s: mbPerS(taker), transfer_mib: mib, ratio };
        print({ suite, case: name, subject, peer: names[peer.folder], figures });
        if (peer.folder !== "tcp") continue;
        rows.push([`${name} ${subject}`, String(mib), mbPerS(taker).toFixed(1), ratio.toFixed(2)]);
      }
    }
  }
  say(columns([["latency-50ms", "MiB", "MB/s", "× tcp"], ...rows]));
}

function caseOf(direction: (typeof directions)[number]): string {
  return `${direction}-64MiB-50ms`;
}

/** An operation is a transfer; CPU time is that of one in either direction. */
function figuresOf({ times, cpuUs }: Taker, direction: (typeof directions)[number]) {
  const transfers = times[direction].length * directions.length;
  return {
    ops_per_s: 1000 / quantile(times[direction], 0.5),
    p50_ms: quantile(times[direction], 0.5),
    p99_ms: quantile(times[direction], 0.99),
    cpu_us_per_op: (cpuUs.client + cpuUs.server) / transfers,
    client_cpu_us_per_op: cpuUs.client / transfers,
    server_cpu_us_per_op: cpuUs.server / transfers,
  };
}
