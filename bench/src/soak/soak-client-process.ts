/** The client that makes all those calls, in a process of its own. `node soak-client-process.js <address>` */
import { EchoServiceDefinition } from "../gen/ts-proto/bench/v1/echo.js";
import { emptyHistogram, ticksPerMs } from "../load.js";
import { clientOf } from "../parties/hawser/client.js";
import { startMetrics } from "../parties/hawser/telemetry.js";
import { http2Transport } from "../parties/hawser-http2/transport.js";
import { answer, cpuUs } from "../process/child.js";
import { sample } from "../process/sample.js";
import { callOf } from "./mix.js";

const atOnce = 64;

startMetrics();
const client = await clientOf(EchoServiceDefinition, http2Transport(), process.argv[2] ?? "");
const latencies = emptyHistogram();
let made = 0;

/** Of all calls so far. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

answer({
  cpuUs,
  sample,
  latencies: (): Latencies => ({
    p50Ms: latencies.getValueAtPercentile(50) / ticksPerMs,
    p99Ms: latencies.getValueAtPercentile(99) / ticksPerMs,
  }),
  /** Makes so many more. @returns how long that took, in ms */
  async run(count: number): Promise<number> {
    const start = performance.now();
    const last = made + count;
    const worker = async (): Promise<void> => {
      for (let index = made++; index < last; index = made++) {
        const begun = performance.now();
        await callOf(client, index);
        latencies.recordValue((performance.now() - begun) * ticksPerMs);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    made = last;
    return performance.now() - start;
  },
});
