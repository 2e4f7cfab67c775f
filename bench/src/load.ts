import { build, type Histogram } from "hdr-histogram-js";
import type { Case } from "./cases.js";
import type { EchoClient } from "./echo.js";

/** Latencies are counted in steps of 0.1 µs. */
export const ticksPerMs = 10_000;

/** Up to a minute, with three digits. */
export function emptyHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000 * ticksPerMs,
    numberOfSignificantValueDigits: 3,
  });
}

/** What came of one slice of load. */
export interface Load {
  readonly ops: number;
  /** From the first call to the last answer. */
  readonly ms: number;
  /** One entry a call; of a stream, from its first message to its end. */
  readonly latencies: Histogram;
}

/** Keeps `concurrency` calls in flight for `ms`, then waits for those still under way. @throws where an answer is not the payload */
export async function load(
  client: EchoClient,
  { shape, payloadBytes, concurrency, messagesPerCall }: Case,
  ms: number,
): Promise<Load> {
  const payload = payloadOf(payloadBytes);
  const call = shape === "unary" ? () => client.unary(payload) : () => client[shape](payload, messagesPerCall);
  const expected = payloadBytes * messagesPerCall;
  const latencies = emptyHistogram();
  const start = performance.now();
  const end = start + ms;
  let calls = 0;

  const worker = async (): Promise<void> => {
    let before = performance.now();
    while (before < end) {
      const bytes = await call();
      if (bytes !== expected) throw new Error(`${bytes} bytes came back instead of ${expected}`);
      const after = performance.now();
      latencies.recordValue((after - before) * ticksPerMs);
      before = after;
      calls++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { ops: calls * messagesPerCall, ms: performance.now() - start, latencies };
}

const made = new Map<number, Buffer>();

/** The same buffer every time it is asked for. */
export function payloadOf(bytes: number): Buffer {
  const payload = made.get(bytes) ?? Buffer.alloc(bytes, "hawser");
  made.set(bytes, payload);
  return payload;
}
