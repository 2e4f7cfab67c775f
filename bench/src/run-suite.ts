import { boundsTable } from "./bounds.js";
import { jsonOf, type Line } from "./line.js";
import { measure, type Result } from "./measure.js";
import { Pair } from "./pair.js";
import { type PartyName, parties } from "./parties.js";
import { lines, table } from "./report.js";
import type { Settings } from "./settings.js";
import type { Measurement, Suite } from "./suites.js";

/** What V8 needs to compile a call path for good; without it the first case is slower than the rest. */
const warmUpMs = 2000;

/** Every case that is asked for, then every experiment, then what the suite is bound to reach. */
export async function runSuite(name: string, suite: Suite, settings: Settings): Promise<void> {
  const said: Line[] = [];
  const print = (line: Line): void => {
    said.push(line);
    process.stdout.write(`${jsonOf(line)}\n`);
  };
  const say = (text: string): void => void process.stderr.write(`${clearLine}${text}\n`);
  const asked = ({ case: each }: Measurement): boolean => settings.cases?.includes(each) ?? true;
  await runCases(name, suite.measurements.filter(asked), settings.peers ?? suite.peers, settings, print, say);
  for (const experiment of suite.experiments ?? []) {
    if (settings.cases?.includes(experiment.name) === false) continue;
    const { seconds, profileDir } = settings;
    progress(`${name} ${experiment.name}`, 0);
    try {
      await experiment.run({ suite: name, seconds, profileDir, print, say });
    } catch (error) {
      say(`${experiment.name} FAILED: ${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  }
  if (suite.bounds !== undefined) say(boundsTable(suite.bounds, said));
}

async function runCases(
  suite: string,
  measurements: readonly Measurement[],
  peers: readonly PartyName[],
  { profileDir, seconds }: Settings,
  print: (line: Line) => void,
  say: (text: string) => void,
): Promise<void> {
  const pairs = new Map<PartyName, Pair>();
  const warm = async (party: PartyName): Promise<Pair> => {
    const pair = await Pair.start(parties[party], { profileDir });
    pairs.set(party, pair);
    await pair.run("unary-100B-c64", warmUpMs);
    return pair;
  };
  try {
    for (const { case: name, subjects } of measurements) {
      const taking: Pair[] = [];
      for (const party of [...subjects, ...peers]) taking.push(pairs.get(party) ?? (await warm(party)));
      const failed: Pair[] = [];
      const results = await measure(taking, name, seconds, {
        onRound: (share) => progress(`${suite} ${name}`, share),
        onFailure(pair, error) {
          say(`${name}: WITHOUT ${pair.party.name}, which failed: ${error.message}\n`);
          if (!peers.includes(pair.party.name as PartyName)) process.exitCode = 1;
          failed.push(pair);
        },
      });
      for (const pair of failed) {
        pairs.delete(pair.party.name as PartyName);
        await pair.close();
      }
      report(suite, name, results, peers, print, say);
    }
  } finally {
    await Promise.all([...pairs.values()].map((pair) => pair.close()));
  }
}

function report(
  suite: string,
  name: Measurement["case"],
  results: readonly Result[],
  peers: readonly PartyName[],
  print: (line: Line) => void,
  say: (text: string) => void,
): void {
  for (const line of lines(suite, name, results, peers)) print(line);
  say(table(name, results, peers));
}

const clearLine = process.stderr.isTTY ? "\r\x1b[K" : "";

/** On one line, which the next that is said takes. */
function progress(what: string, share: number): void {
  if (process.stderr.isTTY) process.stderr.write(`${clearLine}${what} ${Math.round(share * 100)} %`);
}
