import { type Case, type CaseName, cases } from "./cases.js";
import { columns, type Line } from "./line.js";
import type { Result } from "./measure.js";

/** From this size on people ask for bytes, not for calls. */
const largePayloadBytes = 64 << 10;

/** The lines for programs: each subject against each peer, then each peer against the first. */
export function lines(suite: string, name: CaseName, results: readonly Result[], peers: readonly string[]): Line[] {
  const measured = results.filter(({ party }) => peers.includes(party));
  const subjects = results.filter(({ party }) => !peers.includes(party));
  const compared: [Result, Result][] = [
    ...subjects.flatMap((subject) => measured.map((peer): [Result, Result] => [subject, peer])),
    ...measured.map((peer): [Result, Result] => [peer, measured[0] as Result]),
  ];
  return compared.map(([subject, peer]) => ({
    suite,
    case: name,
    subject: subject.party,
    peer: peer.party,
    figures: {
      ...standardFigures(subject),
      ...(isLarge(name) ? { mb_per_s: mbPerS(name, subject) } : {}),
      ratio: subject.opsPerS / peer.opsPerS,
    },
  }));
}

/** What every line says of a result, but the ratio. */
export function standardFigures(result: Result) {
  return {
    ops_per_s: result.opsPerS,
    p50_ms: result.p50Ms,
    p99_ms: result.p99Ms,
    cpu_us_per_op: result.clientCpuUsPerOp + result.serverCpuUsPerOp,
    client_cpu_us_per_op: result.clientCpuUsPerOp,
    server_cpu_us_per_op: result.serverCpuUsPerOp,
  };
}

/** The table for people: one case, everybody against the first peer. */
export function table(name: CaseName, results: readonly Result[], peers: readonly string[]): string {
  const base = results.find(({ party }) => peers.includes(party));
  const large = isLarge(name);
  return columns([
    [
      name,
      "ops/s",
      ...(large ? ["MB/s each way"] : []),
      "p50 ms",
      "p99 ms",
      "client µs/op",
      "server µs/op",
      `× ${base?.party ?? "nobody"}`,
    ],
    ...results.map((each) => [
      each.party,
      Math.round(each.opsPerS).toLocaleString("en"),
      ...(large ? [mbPerS(name, each).toFixed(0)] : []),
      each.p50Ms.toFixed(3),
      each.p99Ms.toFixed(3),
      each.clientCpuUsPerOp.toFixed(1),
      each.serverCpuUsPerOp.toFixed(1),
      (each.opsPerS / (base?.opsPerS ?? Number.NaN)).toFixed(2),
    ]),
  ]);
}

function isLarge(name: CaseName): boolean {
  return cases[name].payloadBytes >= largePayloadBytes;
}

/** Payload, in each direction: it comes back as it went. */
function mbPerS(name: CaseName, { opsPerS }: Result): number {
  const { payloadBytes }: Case = cases[name];
  return (opsPerS * payloadBytes) / 1e6;
}
