/**
 * Where the time went, in Markdown: `npm run --prefix bench profile-table -- <folder> [only names with this in them]`, after
 * `PROFILE=<folder> make bench`. Self time, as a share of the time in which the process did not wait.
 */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { markdown } from "./line.js";
import { type Profile, readProfile } from "./profile/profile.js";
import { roomOf } from "./profile/rooms.js";
import { sourceOf } from "./profile/sources.js";

const functionsShown = 25;
/** Of a room; the small ones are one line together. */
const leastShare = 0.005;

const [given, only = ""] = process.argv.slice(2);
if (given === undefined) {
  process.stderr.write("profile-table: give the folder that PROFILE= was set to\n");
  process.exit(1);
}
const folder = resolve(process.env["INIT_CWD"] ?? "", given);
const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile") && name.includes(only)).sort();
if (files.length === 0) {
  process.stderr.write(`profile-table: no .cpuprofile with "${only}" in its name in ${folder}\n`);
  process.exit(1);
}
for (const file of files) {
  const profile = await readProfile(join(folder, file));
  process.stdout.write(`## ${basename(file, ".cpuprofile")}: ${(profile.busyMs / 1000).toFixed(1)} s of work\n\n`);
  process.stdout.write(`${rooms(profile)}\n${functions(profile)}\n`);
}

function rooms({ busyMs, costs }: Profile): string {
  const sums = new Map<string, number>();
  for (const cost of costs) sums.set(roomOf(cost), (sums.get(roomOf(cost)) ?? 0) + cost.selfMs);
  const sorted = [...sums].sort(([, a], [, b]) => b - a);
  const shown = sorted.filter(([, ms]) => ms / busyMs >= leastShare);
  const others = sorted.slice(shown.length).reduce((sum, [, ms]) => sum + ms, 0);
  const rows = [...shown, ["all others", others] as const].map(([room, ms]) => [room, percent(ms / busyMs)]);
  return markdown([["room", "self %"], ...rows]);
}

function functions({ busyMs, costs }: Profile): string {
  const rows = costs.slice(0, functionsShown).map((cost) => {
    const name = cost.functionName || "(anonymous)";
    return [name, sourceOf(cost), roomOf(cost), percent(cost.selfMs / busyMs)];
  });
  return markdown([["function", "where", "room", "self %"], ...rows]);
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
