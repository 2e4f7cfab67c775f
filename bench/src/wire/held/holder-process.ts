/** One side of one party, in a process of its own. `node holder-process.js <connections|streams>/<party>` */
import { answer, cpuUs } from "../../process/child.js";
import { memory } from "../../process/memory.js";
import type { Holder } from "./holder.js";

const { holder } = (await import(`./${process.argv[2]}.js`)) as { readonly holder: Holder };

/** How many are being opened at once. */
const atOnce = 100;

let prepared: Promise<void> | undefined;
let opened = 0;

export interface OpenCommand {
  readonly addresses: readonly string[];
  readonly count: number;
}

answer({
  cpuUs,
  memory,
  serve: () => holder.serve(),
  /** Opens so many more. @returns how long each took, in ms */
  async open({ addresses, count }: OpenCommand): Promise<number[]> {
    prepared ??= Promise.resolve(holder.prepare?.(addresses));
    await prepared;
    const times: number[] = [];
    let begun = 0;
    const worker = async (): Promise<void> => {
      while (begun++ < count) {
        const start = performance.now();
        await holder.open(addresses, opened++);
        times.push(performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return times;
  },
});
