/**
 * What `make bench` printed, in Markdown: `make bench > lines; npm run --prefix bench results-table < lines`. One table for
 * what was measured by time, one for each experiment with figures of its own, and one for the bounds.
 */
import { createInterface } from "node:readline";
import { boundRows, findingsOf } from "./bounds.js";
import { type Line, lineOf, markdown } from "./line.js";
import { suites } from "./suites.js";

/** In every line; what is not among them is a line's own. */
const standard = ["ops_per_s", "p50_ms", "p99_ms", "client_cpu_us_per_op", "server_cpu_us_per_op"];

const lines: Line[] = [];
for await (const text of createInterface({ input: process.stdin })) if (text.startsWith("{")) lines.push(lineOf(text));

for (const [name, suite] of Object.entries(suites)) {
  const ofSuite = lines.filter((line) => line.suite === name);
  if (ofSuite.length === 0) continue;
  const measured = new Set<string>(suite.measurements.map((each) => each.case));
  const timed = firstOfEach(ofSuite.filter((line) => measured.has(line.case)));
  process.stdout.write(`## ${name}\n\n`);
  if (timed.length > 0) process.stdout.write(`${timedTable(timed)}\n`);
  for (const own of grouped(ofSuite.filter((line) => !measured.has(line.case)))) {
    process.stdout.write(`${ownTable(firstOfEach(own))}\n`);
  }
  const due = (suite.bounds ?? []).filter((bound) => ofSuite.some((line) => line.case === bound.case));
  if (due.length > 0) process.stdout.write(`${markdown(boundRows(findingsOf(due, ofSuite)))}\n`);
}

/** A subject has a line for each peer: the first one stands for it. */
function firstOfEach(some: readonly Line[]): Line[] {
  const seen = new Map<string, Line>();
  for (const line of some)
    if (!seen.has(`${line.case} ${line.subject}`)) seen.set(`${line.case} ${line.subject}`, line);
  return [...seen.values()];
}

function grouped(some: readonly Line[]): Line[][] {
  const groups = new Map<string, Line[]>();
  for (const line of some) groups.set(line.case, [...(groups.get(line.case) ?? []), line]);
  return [...groups.values()];
}

function timedTable(some: readonly Line[]): string {
  const rows = grouped(some).flatMap((group) => {
    const [{ case: name, peer }] = group as [Line];
    const heading = [`**${name}**`, "", "", "", "", "", `× ${peer}`];
    return [heading, ...group.map((line) => [line.subject, ...figures(line, [...standard, "ratio"])])];
  });
  return markdown([["", "ops/s", "p50 ms", "p99 ms", "client µs/op", "server µs/op", ""], ...rows]);
}

function ownTable(some: readonly Line[]): string {
  const [first] = some as [Line];
  const own = Object.keys(first.figures).filter((name) => !standard.includes(name) && name !== "cpu_us_per_op");
  const names = ["p50_ms", "p99_ms", ...own];
  return markdown([[first.case, ...names], ...some.map((line) => [line.subject, ...figures(line, names)])]);
}

function figures(line: Line, names: readonly string[]): string[] {
  return names.map((name) => line.figures[name]?.toLocaleString("en", { maximumFractionDigits: 3 }) ?? "");
}
