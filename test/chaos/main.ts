/**
 * Does to a running system what happens to it at night, and holds what comes of it against what was promised:
 * `SUITE=supervisor ROUNDS=20 SEED=7 FAULT=kill make chaos`. One line a fault, `fault rounds calls failed detail`, then
 * the sum; exit code 0 only where every promise was kept.
 */
import { seededRandom } from "../../src/testing/seeded-random.js";
import type { Fault, Outcome } from "./fault.js";
import { registryFaults } from "./registry/faults.js";
import { supervisorFaults } from "./supervisor/faults.js";
import { wireFaults } from "./wire/faults.js";

const suites: { readonly [name: string]: readonly Fault[] } = {
  registry: registryFaults,
  supervisor: supervisorFaults,
  wire: wireFaults,
};

const { SUITE = "supervisor", ROUNDS, FAULT, SEED } = process.env;
const suite = suites[SUITE];
const faults = suite?.filter(({ name }) => FAULT === undefined || FAULT === name) ?? [];
if (faults.length === 0) {
  const known =
    suite === undefined ? `SUITE=${Object.keys(suites).join("|")}` : `FAULT=${suite.map(({ name }) => name).join("|")}`;
  refuse(`nothing to do; expected ${known}`);
}
const rounds = ROUNDS === undefined ? undefined : wholeNumber("ROUNDS", ROUNDS, 1);
const seed = SEED === undefined ? Date.now() % 100_000 : wholeNumber("SEED", SEED, 0);

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(`stopped (${name})`)));

console.error(`chaos: suite ${SUITE}, seed ${seed}`);
const sum = { rounds: 0, failed: 0 };
let kept = true;
for (const fault of faults) {
  if (stop.signal.aborted) break;
  const outcome = await suffer(fault);
  console.log(`${fault.name} ${outcome.rounds} ${outcome.calls} ${outcome.failed} ${outcome.detail}`);
  for (const promise of outcome.broken) console.log(`  broken: ${promise}`);
  kept &&= outcome.broken.length === 0;
  sum.rounds += outcome.rounds;
  sum.failed += outcome.failed;
}
console.log(`chaos: ${faults.length} faults, ${sum.rounds} rounds, ${sum.failed} failed calls`);
process.exit(kept && !stop.signal.aborted ? 0 : 1);

/** A round that was not done is a promise that was not kept. */
async function suffer({ name, rounds: usual, mostRounds = Number.POSITIVE_INFINITY, run }: Fault): Promise<Outcome> {
  const wanted = Math.min(rounds ?? usual, mostRounds);
  const progress = (text: string): void => console.error(`  ${name}: ${text}`);
  try {
    const outcome = await run({ rounds: wanted, seed, random: seededRandom(seed), signal: stop.signal, progress });
    const undone = outcome.rounds < wanted ? [`only ${outcome.rounds} of ${wanted} rounds were done`] : [];
    return { ...outcome, broken: [...outcome.broken, ...undone] };
  } catch (reason) {
    const why = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    return { rounds: 0, calls: 0, failed: 0, detail: "ended by an error", broken: [why] };
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  return refuse(`${name}=${text}: expected a whole number, ${least} or more`);
}

function refuse(why: string): never {
  console.error(`chaos: ${why}`);
  process.exit(2);
}
