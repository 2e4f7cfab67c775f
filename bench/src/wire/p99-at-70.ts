import type { Bench, Experiment } from "../experiment.js";
import { columns } from "../line.js";
import { measure, type Result, sumUp } from "../measure.js";
import { Pair, type Slice } from "../pair.js";
import { parties } from "../parties.js";
import { standardFigures } from "../report.js";

const load = "unary-100B-c64";
const shareOfPeak = 0.7;
const warmUpMs = 2000;
const sliceMs = 1000;

/** One party under a steady rate of calls. */
interface Road {
  readonly case: string;
  readonly pair: Pair;
  readonly callsPerS: number;
  readonly slices: Slice[];
}

/**
 * How long calls take where nobody is at his limit: both at 70 % of what each can do with 64 calls in flight, and Hawser at
 * the peer's rate besides. Calls start by a schedule, and their time counts from when they were due.
 */
export const p99At70: Experiment = {
  name: "p99-at-70",
  cases: ["p99-at-70", "p99-at-70-of-peer"],

  async run(bench) {
    const { seconds, profileDir } = bench;
    const pairs: Pair[] = [];
    try {
      for (const party of [parties["hawser/http2"], parties["grpc-js"]]) {
        const pair = await Pair.start(party, { profileDir, label: "p99-at-70" });
        pairs.push(pair);
        await pair.run(load, warmUpMs);
      }
      const peaks = await measure(pairs, load, seconds, {
        onRound: () => {},
        onFailure(_, error) {
          throw error;
        },
      });
      const roads = plan(pairs as [Pair, Pair], peaks as [Result, Result]);
      await drive(roads, seconds);
      report(bench, roads);
    } finally {
      await Promise.all(pairs.map((pair) => pair.close()));
    }
  },
};

function plan([hawser, peer]: [Pair, Pair], [hawserPeak, peerPeak]: [Result, Result]): readonly Road[] {
  const road = (name: string, pair: Pair, { opsPerS }: Result): Road => ({
    case: name,
    pair,
    callsPerS: opsPerS * shareOfPeak,
    slices: [],
  });
  return [
    road("p99-at-70", hawser, hawserPeak),
    road("p99-at-70", peer, peerPeak),
    road("p99-at-70-of-peer", hawser, peerPeak),
  ];
}

/** In turns; the first round counts for nothing. */
async function drive(roads: readonly Road[], seconds: number): Promise<void> {
  for (let round = 0; round <= seconds; round++) {
    for (const { pair, callsPerS, slices } of roads) {
      const slice = await pair.paced(load, sliceMs, callsPerS);
      if (round > 0) slices.push(slice);
    }
  }
}

function report({ suite, print, say }: Bench, roads: readonly Road[]): void {
  const results = roads.map(({ pair, slices }) => sumUp(pair.party.name, slices));
  const peer = results[1] as Result;
  const rows = results.map((result, at) => {
    const { case: name, callsPerS } = roads[at] as Road;
    const ratio = result.p99Ms / peer.p99Ms;
    const figures = { ...standardFigures(result), asked_ops_per_s: callsPerS, ratio };
    print({ suite, case: name, subject: result.party, peer: peer.party, figures });
    const rates = [callsPerS, result.opsPerS].map((each) => Math.round(each).toLocaleString("en"));
    const cells = [...rates, result.p50Ms.toFixed(3), result.p99Ms.toFixed(3), ratio.toFixed(3)];
    return [`${name} ${result.party}`, ...cells];
  });
  say(columns([["p99-at-70", "asked ops/s", "ops/s", "p50 ms", "p99 ms", `p99 ÷ ${peer.party}`], ...rows]));
}
