import { type Bound, boundsTable, findingsOf, type Outcome } from "./bounds.js";
import type { Bench, Experiment } from "./experiment.js";
import { jsonOf, type Line } from "./line.js";
import { measure } from "./measure.js";
import { Pair } from "./pair.js";
import { type PartyName, parties } from "./parties.js";
import { lines, table } from "./report.js";
import type { Settings } from "./settings.js";
import type { Measurement, Suite } from "./suite.js";

/** What V8 needs to compile a call path for good; without it the first case is slower than the rest. */
const warmUpMs = 2000;

const clearLine = process.stderr.isTTY ? "\r\x1b[K" : "";

/** A case, and who takes part. */
type Contest = Required<Measurement>;

/** Every case that is asked for, then every experiment, then what the suite is bound to reach. */
export async function runSuite(name: string, suite: Suite, settings: Settings): Promise<void> {
  const printed: Line[] = [];
  const bench: Bench = {
    suite: name,
    seconds: settings.seconds,
    profileDir: settings.profileDir,
    print(line) {
      printed.push(line);
      process.stdout.write(`${jsonOf(line)}\n`);
    },
    say: (text) => void process.stderr.write(`${clearLine}${text}\n`),
  };
  const asked = (each: string): boolean => settings.cases?.includes(each) ?? true;
  const contests = suite.measurements
    .filter((each) => asked(each.case))
    .map(({ case: name, subjects, peers = [] }): Contest => {
      return { case: name, subjects, peers: settings.peers ?? [...suite.peers, ...peers] };
    });
  const experiments = (suite.experiments ?? []).filter((each) => asked(each.name));
  await runCases(bench, contests);
  for (const experiment of experiments) await runExperiment(bench, experiment);

  const due = (suite.bounds ?? []).filter((bound) => isDue(bound, contests, experiments));
  const findings = findingsOf(due, printed);
  if (findings.length > 0) bench.say(boundsTable(findings));
  const failures: readonly Outcome[] = settings.strict ? ["NOT MEASURED", "NOT REACHED"] : ["NOT MEASURED"];
  if (findings.some(({ outcome }) => failures.includes(outcome))) process.exitCode = 1;
}

/** Whether all it tells of were to be measured. */
function isDue(
  { case: name, subject, against = subject }: Bound,
  contests: readonly Contest[],
  experiments: readonly Experiment[],
): boolean {
  if (experiments.some(({ cases }) => cases.includes(name))) return true;
  const parties = contests.filter((each) => each.case === name).flatMap(partiesOf);
  return [subject, against].every((party) => parties.some((each) => each === party));
}

function partiesOf({ subjects, peers }: Contest): PartyName[] {
  return [...subjects, ...peers];
}

async function runExperiment(bench: Bench, experiment: Experiment): Promise<void> {
  progress(`${bench.suite} ${experiment.name}`, 0);
  try {
    await experiment.run(bench);
  } catch (error) {
    bench.say(`${experiment.name} FAILED: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

async function runCases(
  { suite, seconds, profileDir, print, say }: Bench,
  contests: readonly Contest[],
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const warm = async (party: PartyName): Promise<Pair> => {
    const pair = await Pair.start(parties[party], { profileDir });
    pairs.set(party, pair);
    await pair.run("unary-100B-c64", warmUpMs);
    return pair;
  };
  const leaveOut = async (pair: Pair): Promise<void> => {
    pairs.delete(pair.party.name);
    await pair.close();
  };
  try {
    for (const [at, contest] of contests.entries()) {
      const { case: name, subjects, peers } = contest;
      const taking: Pair[] = [];
      for (const party of partiesOf(contest)) taking.push(pairs.get(party) ?? (await warm(party)));
      const failed: Pair[] = [];
      const results = await measure(taking, name, seconds, {
        onRound: (share) => progress(`${suite} ${name}`, share),
        onFailure(pair, error) {
          say(`${name}: WITHOUT ${pair.party.name}, which failed: ${error.message}\n`);
          if (subjects.some((subject) => subject === pair.party.name)) process.exitCode = 1;
          failed.push(pair);
        },
      });
      const later = new Set<string>(contests.slice(at + 1).flatMap(partiesOf));
      await Promise.all(taking.filter((pair) => failed.includes(pair) || !later.has(pair.party.name)).map(leaveOut));
      for (const line of lines(suite, name, results, peers)) print(line);
      say(table(name, results, peers));
    }
  } finally {
    await Promise.all([...pairs.values()].map((pair) => pair.close()));
  }
}

/** On one line, which the next that is said takes. */
function progress(what: string, share: number): void {
  if (process.stderr.isTTY) process.stderr.write(`${clearLine}${what} ${Math.round(share * 100)} %`);
}
