import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dice } from "./dice.js";
import type { Failure, SliceResult } from "./slice.js";
import { targetNamed } from "./targets/targets.js";
import type { Order } from "./worker.js";

/** An input that takes longer hangs. */
const hangsAfterMs = 20_000;

/** So much may be held by a process that runs one small input after the other. */
const maxHeapMiB = 768;

const nothing: SliceResult = { inputs: 0, failures: 0, found: [], outcomes: {} };

/**
 * A process that runs slices, and is replaced where an input hangs it or eats its memory: that input is a failure, and the
 * slice goes on behind it.
 */
export class Hand {
  readonly #folder = mkdtempSync(join(tmpdir(), "hawser-fuzz-"));
  readonly #file = join(this.#folder, "at");
  #process: ChildProcess | undefined;

  async run(order: Order): Promise<SliceResult> {
    let sum = nothing;
    for (let { from } = order; from < order.to; ) {
      const outcome = await this.#attempt({ ...order, from });
      if ("inputs" in outcome) return added(sum, outcome);
      const lost = this.#place().index;
      const found = [failureOf(order, lost, outcome.reason)];
      sum = added(sum, { inputs: lost + 1 - from, failures: 1, found, outcomes: {} });
      from = lost + 1;
    }
    return sum;
  }

  close(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #attempt(order: Order): Promise<SliceResult | { readonly reason: string }> {
    const worker = this.#process ?? this.#hire(order.from);
    return new Promise((resolve) => {
      const done = (outcome: SliceResult | { readonly reason: string }): void => {
        clearInterval(watchdog);
        worker.removeAllListeners();
        resolve(outcome);
      };
      const lose = (reason: string): void => {
        this.#process = undefined;
        worker.kill("SIGKILL");
        done({ reason });
      };
      let begun = -1;
      const watchdog = setInterval(() => {
        const now = this.#place().begun;
        if (now === begun) lose(`hangs for ${hangsAfterMs / 1000} s`);
        begun = now;
      }, hangsAfterMs);
      worker.on("message", (result: SliceResult) => done(result));
      worker.on("error", (error) => lose(`ended its process: ${error.message}`));
      worker.on("exit", (code, signal) => lose(`ended its process with ${signal ?? code}`));
      worker.send(order);
    });
  }

  #hire(from: number): ChildProcess {
    writeFileSync(this.#file, Uint32Array.of(from, 0));
    this.#process = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [this.#file], {
      execArgv: ["--import", "tsx", `--max-old-space-size=${maxHeapMiB}`],
      serialization: "advanced",
    });
    return this.#process;
  }

  #place(): { readonly index: number; readonly begun: number } {
    const bytes = readFileSync(this.#file);
    return { index: bytes.readUInt32LE(0), begun: bytes.readUInt32LE(4) };
  }
}

export function added(a: SliceResult, b: SliceResult): SliceResult {
  const outcomes: { [word: string]: number } = { ...a.outcomes };
  for (const [word, count] of Object.entries(b.outcomes)) outcomes[word] = (outcomes[word] ?? 0) + count;
  return {
    inputs: a.inputs + b.inputs,
    failures: a.failures + b.failures,
    found: [...a.found, ...b.found],
    outcomes,
  };
}

function failureOf({ target, seed }: Order, index: number, message: string): Failure {
  return { target, signature: message, message, input: targetNamed(target).generate(Dice.of(seed, target, index)) };
}
