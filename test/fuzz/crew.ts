import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Loss, runThrough } from "./run-through.js";
import type { SliceResult } from "./slice.js";
import type { Order } from "./worker.js";

/** An input that takes longer hangs: twice as long as one may wait for an answer. */
const hangsAfterMs = 60_000;

/** So much may be held by a process that runs one small input after the other. */
const maxHeapMiB = 768;

/** A process that runs slices, and is replaced where an input hangs it or eats its memory. */
export class Hand {
  readonly #folder = mkdtempSync(join(tmpdir(), "hawser-fuzz-"));
  readonly #file = join(this.#folder, "at");
  #process: ChildProcess | undefined;

  run(order: Order): Promise<SliceResult> {
    return runThrough(order, (each) => this.#attempt(each));
  }

  close(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #attempt(order: Order): Promise<SliceResult | Loss> {
    writeFileSync(this.#file, Uint32Array.of(0, 0)); // or the place would be one of the order before
    const worker = this.#process ?? this.#hire();
    return new Promise((resolve) => {
      const done = (outcome: SliceResult | Loss): void => {
        clearInterval(watchdog);
        worker.removeAllListeners();
        resolve(outcome);
      };
      const lose = (reason: string): void => {
        this.#process = undefined;
        worker.kill("SIGKILL");
        done({ reason, underWay: this.#place().underWay });
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

  #hire(): ChildProcess {
    this.#process = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [this.#file], {
      execArgv: ["--import", "tsx", `--max-old-space-size=${maxHeapMiB}`],
      serialization: "advanced",
    });
    return this.#process;
  }

  /** As the worker wrote it. */
  #place(): { readonly begun: number; readonly underWay: readonly number[] } {
    const bytes = readFileSync(this.#file);
    const count = bytes.readUInt32LE(4);
    return {
      begun: bytes.readUInt32LE(0),
      underWay: Array.from({ length: count }, (_, at) => bytes.readUInt32LE(8 + 4 * at)),
    };
  }
}
