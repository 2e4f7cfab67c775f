import type { Case } from "./cases.js";
import type { EchoClient } from "./echo.js";
import { emptyHistogram, type Load, payloadOf, ticksPerMs } from "./load.js";

/** How often those that are due are started, in ms: a timer's resolution. To poll would take the core from the client. */
const tickMs = 1;

/**
 * Starts unary calls by a schedule, evenly, however many are still under way; then waits for those. A latency counts from
 * the moment the call was due: what delays the start of calls, in this process too, is part of it, and so is the wait for
 * the next tick.
 *
 * @throws where an answer is not the payload, or a second's worth of calls is under way: the rate is more than can be had
 */
export function pacedLoad(client: EchoClient, { payloadBytes }: Case, ms: number, callsPerS: number): Promise<Load> {
  const payload = payloadOf(payloadBytes);
  const latencies = emptyHistogram();
  const ops = Math.max(1, Math.round((callsPerS * ms) / 1000));
  const start = performance.now();
  const dueAt = (call: number): number => start + (call * 1000) / callsPerS;
  let begun = 0;
  let ended = 0;

  return new Promise((resolve, reject) => {
    const call = async (due: number): Promise<void> => {
      const bytes = await client.unary(payload);
      if (bytes !== payloadBytes) throw new Error(`${bytes} bytes came back instead of ${payloadBytes}`);
      const now = performance.now();
      latencies.recordValue((now - due) * ticksPerMs);
      if (++ended === ops) resolve({ ops, ms: now - start, latencies });
    };
    const startDue = (): void => {
      const now = performance.now();
      for (; begun < ops && dueAt(begun) <= now; begun++) call(dueAt(begun)).catch(reject);
      const running = begun - ended;
      if (running > callsPerS) reject(new Error(`${Math.round(callsPerS)} calls a second are more than it can do`));
      if (begun < ops && running <= callsPerS) setTimeout(startDue, tickMs);
    };
    startDue();
  });
}
