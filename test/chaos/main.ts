/**
 * Does to a running system what happens to it at night, and holds what comes of it against what was promised:
 * `SUITE=supervisor ROUNDS=20 SEED=7 FAULT=kill make chaos`. One line a fault, `fault rounds calls failed detail`, then
 * the sum; exit code 0 only where every promise was kept.
 */
import { seededRandom } from "../../src/testing/seeded-random.js";
import type { Fault } from "./fault.js";
import { registryFaults } from "./registry/faults.js";
import { supervisorFaults } from "./supervisor/faults.js";

const suites: { readonly [name: string]: readonly Fault[] } = {
  registry: registryFaults,
  supervisor: supervisorFaults,
};

const { SUITE = "supervisor", ROUNDS, FAULT, SEED = String(Date.now() % 100_000) } = process.env;
const suite = suites[SUITE];
const faults = suite?.filter(({ name }) => FAULT === undefined || FAULT === name) ?? [];
if (faults.length === 0) {
  const known =
    suite === undefined ? `SUITE=${Object.keys(suites).join("|")}` : `FAULT=${suite.map(({ name }) => name).join("|")}`;
  console.error(`chaos: nothing to do; expected ${known}`);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped (${signal})`)));

console.error(`chaos: suite ${SUITE}, seed ${SEED}`);
const sum = { rounds: 0, failed: 0 };
let kept = true;
for (const { name, rounds, run } of faults) {
  const progress = (text: string): void => console.error(`  ${name}: ${text}`);
  const random = seededRandom(Number(SEED));
  const outcome = await run({ rounds: Number(ROUNDS || rounds), random, signal: stop.signal, progress });
  console.log(`${name} ${outcome.rounds} ${outcome.calls} ${outcome.failed} ${outcome.detail}`);
  for (const promise of outcome.broken) console.log(`  broken: ${promise}`);
  kept &&= outcome.broken.length === 0;
  sum.rounds += outcome.rounds;
  sum.failed += outcome.failed;
}
console.log(`chaos: ${faults.length} faults, ${sum.rounds} rounds, ${sum.failed} failed calls`);
process.exit(kept ? 0 : 1);
