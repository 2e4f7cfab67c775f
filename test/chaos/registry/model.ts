import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { graveyard } from "../../support/simulated-etcd/graveyard.js";
import { type ModelOutcome, runModel } from "../../support/simulated-etcd/model.js";
import type { Fault, FaultOptions } from "../fault.js";

/** How many failing seeds are shown with all that happened. */
const shown = 3;

/**
 * The driver's own loops over a simulated etcd, network and time: each seed is a night of faults and then peace, and every
 * snapshot told is held against what was true. A failing seed is named; `SEED=… ROUNDS=1 FAULT=model` shows it again.
 */
export const model: Fault = {
  name: "model",
  rounds: 10_000,
  async run({ rounds, seed: first, signal, progress }) {
    const outcomes = { rounds: 0, snapshots: 0 };
    const broken: string[] = [];
    const seeds = rounds === 1 ? [first] : seedsFrom(first, rounds);
    await runAll(seeds, signal, ({ seed, snapshots, broken: promises, history }) => {
      outcomes.rounds += 1;
      outcomes.snapshots += snapshots;
      if (promises.length > 0 && broken.length < shown) progress(`seed ${seed}\n${history.join("\n")}`);
      broken.push(...promises.map((promise) => `SEED=${seed} ROUNDS=1: ${promise}`));
      if (outcomes.rounds % 500 === 0) progress(`${outcomes.rounds} seeds, ${outcomes.snapshots} snapshots`);
    });
    const detail = `${outcomes.snapshots} snapshots held against what was true; seeds from ${first}`;
    return { rounds: outcomes.rounds, calls: outcomes.snapshots, failed: broken.length, detail, broken };
  },
};

/** Those that have failed before come first. */
function seedsFrom(first: number, rounds: number): readonly number[] {
  return [...graveyard.keys(), ...Array.from({ length: rounds }, (_, at) => first + at)].slice(0, rounds);
}

/** On every core. */
async function runAll(
  seeds: readonly number[],
  signal: AbortSignal,
  onOutcome: (outcome: ModelOutcome) => void,
): Promise<void> {
  if (seeds.length === 1) return onOutcome(await runModel(seeds[0]!, { log: true }));
  const left = seeds[Symbol.iterator]();
  await Promise.all(Array.from({ length: availableParallelism() }, () => runSome(left, signal, onOutcome)));
}

/** In a process of its own. */
function runSome(
  seeds: Iterator<number>,
  signal: FaultOptions["signal"],
  onOutcome: (outcome: ModelOutcome) => void,
): Promise<void> {
  const worker = fork(fileURLToPath(new URL("model-worker.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  return new Promise<void>((resolve, reject) => {
    const next = () => {
      const { value, done } = seeds.next();
      if (done || signal.aborted) resolve();
      else worker.send(value);
    };
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`a process of the model check ended with ${code}`)));
    worker.on("message", (outcome: ModelOutcome) => {
      onOutcome(outcome);
      next();
    });
    next();
  }).finally(() => worker.kill());
}
