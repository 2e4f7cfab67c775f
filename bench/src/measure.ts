import type { CaseName } from "./cases.js";
import { emptyHistogram, ticksPerMs } from "./load.js";
import type { Pair, Slice } from "./pair.js";

/** How long a party is under load before it is the next one's turn: short enough that a slow spell of the machine hits all. */
const sliceMs = 500;

/** What one party did in one case. */
export interface Result {
  readonly party: string;
  /** Of the median slice, so that no burst of something else on the machine decides. */
  readonly opsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** On either side; the greater one is what limits the throughput. */
  readonly clientCpuUsPerOp: number;
  readonly serverCpuUsPerOp: number;
}

export interface MeasureEvents {
  /** `share`: of all rounds, how much is done. */
  readonly onRound: (share: number) => void;
  /** A pair failed; unless this throws, the others go on without it. */
  readonly onFailure: (pair: Pair, error: Error) => void;
}

/**
 * Lets the pairs take turns, slice by slice, in alternating order, until each has had its `seconds`. The first round is
 * for warming up and counts for nothing.
 */
export async function measure(
  pairs: readonly Pair[],
  name: CaseName,
  seconds: number,
  { onRound, onFailure }: MeasureEvents,
): Promise<Result[]> {
  const rounds = Math.max(2, Math.round((seconds * 1000) / sliceMs));
  const slices = new Map<Pair, Slice[]>(pairs.map((pair) => [pair, []]));
  for (let round = 0; round < rounds; round++) {
    for (const pair of round % 2 === 0 ? [...slices.keys()] : [...slices.keys()].reverse()) {
      try {
        const slice = await pair.run(name, sliceMs);
        if (round > 0) slices.get(pair)?.push(slice);
      } catch (error) {
        onFailure(pair, error as Error);
        slices.delete(pair);
      }
    }
    onRound((round + 1) / rounds);
  }
  return [...slices].map(([pair, each]) => sumUp(pair.party.name, each));
}

export function sumUp(party: string, slices: readonly Slice[]): Result {
  const latencies = emptyHistogram();
  for (const slice of slices) latencies.add(slice.latencies);
  const total = (of: (slice: Slice) => number): number => slices.reduce((sum, slice) => sum + of(slice), 0);
  const ops = total((slice) => slice.ops);
  return {
    party,
    opsPerS: median(slices.map(({ ops, ms }) => (ops * 1000) / ms)),
    p50Ms: latencies.getValueAtPercentile(50) / ticksPerMs,
    p99Ms: latencies.getValueAtPercentile(99) / ticksPerMs,
    clientCpuUsPerOp: total(({ cpuUs }) => cpuUs.client) / ops,
    serverCpuUsPerOp: total(({ cpuUs }) => cpuUs.server) / ops,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
