import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** In bytes, after a collection of everything that is not alive. */
export interface Memory {
  /** Objects. */
  readonly heap: number;
  /** What objects hold beside the heap: buffers, most of all. */
  readonly external: number;
  /** What the process has from the system; it seldom gives back. */
  readonly rss: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

export function memory(): Memory {
  for (let round = 0; round < 4; round++) collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, rss };
}
