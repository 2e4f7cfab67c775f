import type { Result } from "./measure.js";

/** The lines for programs: each subject against each peer, then each peer against the first. */
export function lines(suite: string, name: string, results: readonly Result[], peers: readonly string[]): string[] {
  const [first, ...others] = results.filter(({ party }) => peers.includes(party)) as [Result, ...Result[]];
  const subjects = results.filter(({ party }) => !peers.includes(party));
  const compared: [Result, Result][] = [
    ...subjects.flatMap((subject) => [first, ...others].map((peer): [Result, Result] => [subject, peer])),
    ...[first, ...others].map((peer): [Result, Result] => [peer, first]),
  ];
  return compared.map(([subject, peer]) =>
    JSON.stringify({
      suite,
      case: name,
      subject: subject.party,
      peer: peer.party,
      ops_per_s: round(subject.opsPerS),
      p50_ms: round(subject.p50Ms),
      p99_ms: round(subject.p99Ms),
      cpu_us_per_op: round(subject.clientCpuUsPerOp + subject.serverCpuUsPerOp),
      ratio: round(subject.opsPerS / peer.opsPerS),
    }),
  );
}

/** The table for people: one case, everybody against the first peer. */
export function table(name: string, results: readonly Result[], peer: string): string {
  const base = results.find(({ party }) => party === peer)?.opsPerS ?? Number.NaN;
  const rows = [
    [name, "ops/s", "p50 ms", "p99 ms", "client µs/op", "server µs/op", `× ${peer}`],
    ...results.map((each) => [
      each.party,
      Math.round(each.opsPerS).toLocaleString("en"),
      each.p50Ms.toFixed(3),
      each.p99Ms.toFixed(3),
      each.clientCpuUsPerOp.toFixed(1),
      each.serverCpuUsPerOp.toFixed(1),
      (each.opsPerS / base).toFixed(2),
    ]),
  ];
  const format = ([first = "", ...rest]: string[]) => first.padEnd(24) + rest.map((cell) => cell.padStart(16)).join("");
  return `${rows.map(format).join("\n")}\n`;
}

/** Four digits that count. */
function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
