import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Code, RpcError } from "../../../src/errors/errors.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";

/**
 * The program of a cluster. It is given an address and then, as messages, how many workers are to start on it at once; it
 * answers each time with what became of them. Those that listen stay.
 */
export type Outcome = "listens" | { readonly code: Code; readonly message: string };

if (cluster.isPrimary) process.on("message", (count: number) => void startAll(count));
else process.once("message", startOne).send?.("ready");

async function startAll(count: number): Promise<void> {
  const workers = Array.from({ length: count }, () => cluster.fork());
  await Promise.all(workers.map((worker) => once(worker, "message")));
  process.send?.(await Promise.all(workers.map(outcomeOf)));
}

async function outcomeOf(worker: Worker): Promise<Outcome> {
  worker.send("start");
  const [outcome] = await once(worker, "message");
  return outcome;
}

async function startOne(): Promise<void> {
  const nothing = { methods: new Map(), invoke: () => Promise.reject(new Error("nobody calls")) };
  const outcome: Outcome = await http2Transport()
    .listen(process.argv[2] ?? "", nothing)
    .then(
      () => "listens" as const,
      ({ code, message }: RpcError) => ({ code, message }),
    );
  process.send?.(outcome);
}
