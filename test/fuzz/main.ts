/**
 * Gives the wire what nobody should ever send it, and holds what comes of it against what was promised:
 * `INPUTS=1000000 SEED=7 TARGET=hpack make fuzz`. What has failed before is tried first; one line a target, `target inputs
 * failures detail`, then the sum; exit code 0 only where nothing failed. `INPUT=file make fuzz` tries that input alone.
 */
import { availableParallelism } from "node:os";
import { Hand } from "./crew.js";
import { keepFailure, readGrave, replay, replayGraveyard } from "./graveyard.js";
import { added, nothing } from "./run-through.js";
import type { SliceResult } from "./slice.js";
import type { Target } from "./target.js";
import { targetNamed, targets } from "./targets/targets.js";

const { INPUTS, SEED, TARGET, INPUT } = process.env;

if (INPUT !== undefined) {
  const failure = await replay(readGrave(INPUT));
  console.log(failure === undefined ? `${INPUT}: as it should be` : `${INPUT}: ${failure.message}`);
  process.exit(failure === undefined ? 0 : 1);
}

const inputs = INPUTS === undefined ? 1_000_000 : wholeNumber("INPUTS", INPUTS, 1);
const seed = SEED === undefined ? Date.now() % 100_000 : wholeNumber("SEED", SEED, 0);
const chosen = TARGET === undefined ? targets : TARGET.split(",").map(targetNamed);
const sliceInputs = 2_500;

console.error(`fuzz: seed ${seed}, ${inputs} inputs`);
const hands = Array.from({ length: availableParallelism() }, () => new Hand());
const sum = { inputs: 0, failures: 0 };
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    for (const hand of hands) hand.close();
    process.exit(1);
  });
}

try {
  const graves = await replayGraveyard(chosen);
  report("graveyard", graves, "all that has ever failed");
  for (const target of chosen) await campaign(target);
} finally {
  for (const hand of hands) hand.close();
}
console.log(`fuzz: ${chosen.length} targets, ${sum.inputs} inputs, ${sum.failures} failures`);
process.exit(sum.failures === 0 ? 0 : 1);

async function campaign(target: Target): Promise<void> {
  const startedMs = performance.now();
  const result = await fuzz(target, Math.ceil((inputs * target.share) / shares()));
  const seconds = (performance.now() - startedMs) / 1000;
  report(target.name, result, `${seconds.toFixed(0)} s; ${tally(result)}`);
  for (const failure of result.found) {
    const file = keepFailure(failure, seed);
    console.log(`  ${failure.message.split("\n").slice(0, 4).join("\n    ")}\n  again with: INPUT=${file} make fuzz`);
  }
}

/** On every core. */
async function fuzz(target: Target, count: number): Promise<SliceResult> {
  let next = 0;
  let result = nothing;
  const signatures = new Set<string>();
  const work = async (hand: Hand): Promise<void> => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + sliceInputs);
      const slice = await hand.run({ target: target.name, seed, from, to: next });
      const found = slice.found.filter(({ signature }) => !signatures.has(signature) && signatures.add(signature));
      result = added(result, { ...slice, found });
      console.error(`  ${target.name}: ${result.inputs} of ${count}, ${result.failures} failures`);
    }
  };
  await Promise.all(hands.map(work));
  return result;
}

function report(name: string, { inputs, failures }: { inputs: number; failures: number }, detail: string): void {
  console.log(`${name} ${inputs} ${failures} ${detail}`);
  sum.inputs += inputs;
  sum.failures += failures;
}

/** What came of the inputs, the most frequent first. */
function tally({ outcomes, inputs }: SliceResult): string {
  return Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${((100 * count) / inputs).toFixed(1)} %`)
    .join(", ");
}

function shares(): number {
  return chosen.reduce((all, { share }) => all + share, 0);
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`fuzz: ${name}=${text}: expected a whole number, ${least} or more`);
  return process.exit(2);
}
