import type { ChildState, ChildStatus } from "../../supervisor/supervisor.js";
import { formatDuration } from "../duration.js";
import { type Paint, printable } from "../paint.js";

export const childHeader: readonly string[] = [
  "SERVICE",
  "PID",
  "STATE",
  "RESTARTS",
  "CPU",
  "MEM",
  "CALLS/S",
  "P99",
  "ERRORS/S",
  "UPTIME",
];

/** The cells of a process; `-` where something is not known. */
export function childRow(child: ChildStatus, now: number, paint: Paint): readonly string[] {
  const { name, pid, state, step, restarts, stats, startedAt } = child;
  const some = <T>(value: T | undefined, format: (value: T) => string): string =>
    value === undefined ? paint.faint("-") : format(value);
  const told = state === "starting" && step !== undefined ? `${state}: ${printable(step)}` : state;
  return [
    printable(name),
    some(pid, String),
    stateColor(state, paint)(told),
    restarts === 0 ? "0" : paint.warning(String(restarts)),
    some(stats, ({ cpu }) => `${Math.round(cpu * 100)}%`),
    some(stats, ({ memoryBytes }) => `${Math.round(memoryBytes / 2 ** 20)}M`),
    some(stats, ({ callsPerSecond }) => rate(callsPerSecond)),
    some(stats?.p99Ms, latency),
    some(stats, ({ errorsPerSecond }) => (errorsPerSecond > 0 ? paint.bad(rate(errorsPerSecond)) : "0")),
    some(startedAt, (since) => formatDuration(now - since)),
  ];
}

function stateColor(state: ChildState, paint: Paint): (text: string) => string {
  if (state === "ready") return paint.good;
  return state === "stopped" || state === "backing-off" ? paint.bad : paint.warning;
}

/** `0`, `0.4`, `12`. */
function rate(perSecond: number): string {
  return perSecond >= 10 || Number.isInteger(perSecond) ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** `0.42ms`, `12ms`, `1.5s`. */
function latency(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)}s`;
  return ms >= 10 ? `${Math.round(ms)}ms` : `${ms.toFixed(2)}ms`;
}
