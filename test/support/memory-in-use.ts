import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What this process holds in memory, in bytes, once what nobody needs is gone. */
export async function memoryInUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve)); // buffers are freed behind the collection
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
