/**
 * Measures Hawser against its peers. For programs one JSON object a line on stdout, for people a table on stderr;
 * README.md says what can be set.
 */
import { mkdirSync } from "node:fs";
import { measure } from "./measure.js";
import { Pair } from "./pair.js";
import { type PartyName, parties } from "./parties.js";
import { pinned } from "./process/process.js";
import { benchRegistry } from "./registry/bench-registry.js";
import { lines, table } from "./report.js";
import { readSettings, type Settings } from "./settings.js";
import type { Suite } from "./suites.js";

/** What V8 needs to compile a call path for good; without it the first case is slower than the rest. */
const warmUpMs = 2000;

async function runSuite(name: string, suite: Suite, settings: Settings): Promise<void> {
  const peers = settings.peers ?? suite.peers;
  const measurements = suite.measurements.filter((each) => settings.cases.includes(each.case));
  const pairs = new Map<PartyName, Pair>();
  try {
    for (const party of new Set([...measurements.flatMap(({ subjects }) => subjects), ...peers])) {
      const pair = await Pair.start(parties[party], settings.profileDir);
      pairs.set(party, pair);
      await pair.run("unary-100B-c64", warmUpMs);
    }
    for (const { case: caseName, subjects } of measurements) {
      const taking = [...subjects, ...peers].map((party) => pairs.get(party) as Pair);
      const results = await measure(taking, caseName, settings.seconds, (share) =>
        progress(`${name} ${caseName}`, share),
      );
      process.stdout.write(`${lines(name, caseName, results, peers).join("\n")}\n`);
      process.stderr.write(`${table(caseName, results, peers[0] as string)}\n`);
    }
  } finally {
    await Promise.all([...pairs.values()].map((pair) => pair.close()));
  }
}

function progress(what: string, share: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(share < 1 ? `\r${what} ${Math.round(share * 100)} %` : "\r\x1b[K");
}

try {
  const settings = readSettings(process.env);
  if (settings.profileDir !== undefined) mkdirSync(settings.profileDir, { recursive: true });
  process.stderr.write(
    pinned ? "server on core 0, client on core 1\n\n" : "not pinned: no taskset, or one core only\n\n",
  );
  for (const { name, suite } of settings.suites) await runSuite(name, suite, settings);
  if (settings.registry) await benchRegistry(settings.seconds);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
