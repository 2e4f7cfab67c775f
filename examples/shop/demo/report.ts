import type { Span } from "./span.js";

/** One process of a service, as the demo knows it. */
export interface Process {
  readonly service: string;
  /** Its name under `hawser up`. */
  readonly name: string;
  /** Its id in the registry, and in traces. */
  readonly instance: string;
  /** What happened to it; empty where nothing did. */
  readonly fate: string;
}

interface Row {
  readonly process: Process;
  readonly calls: number;
  readonly errors: number;
  /** Durations as the instance measured them, ascending. */
  readonly durationsMs: readonly number[];
}

/**
 * Who took how many calls, and how it went. Calls and errors are counted by their callers, attempt by attempt, for a
 * process that is killed cannot tell any more; latencies are those the instances measured themselves.
 */
export function report(processes: readonly Process[], spans: readonly Span[]): string {
  const rows = processes.map((process) => rowOf(process, spans));
  const head = ["service", "instance", "calls", "errors", "p50", "p99", ""];
  const body = rows.map(({ process, calls, errors, durationsMs }) => [
    process.service,
    process.instance,
    String(calls),
    String(errors),
    milliseconds(percentile(durationsMs, 0.5)),
    milliseconds(percentile(durationsMs, 0.99)),
    process.fate,
  ]);
  return [table([head, ...body], 2, 5), ...rows.flatMap(footnote)].join("\n");
}

function rowOf(process: Process, spans: readonly Span[]): Row {
  const codes = spans.flatMap(({ attempts }) =>
    attempts.filter(({ instance }) => instance === process.instance).map(({ code }) => code),
  );
  const served = spans.filter(({ kind, process: id }) => kind === "server" && id === process.instance);
  return {
    process,
    calls: codes.length,
    errors: codes.filter((code) => code !== "OK").length,
    durationsMs: served.map(({ durationMs }) => durationMs).sort((a, b) => a - b),
  };
}

function footnote({ process: { instance, fate }, calls, durationsMs }: Row): readonly string[] {
  const untold = calls - durationsMs.length;
  if (untold <= 0) return [];
  const which = `${untold} call${untold === 1 ? "" : "s"}`;
  return [`${instance}: the latency of ${which} is not known, it was ${fate || "lost"} before it told`];
}

/** The smallest value that a share of all does not exceed (nearest rank); undefined of nothing. */
export function percentile(ascending: readonly number[], share: number): number | undefined {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "-" : `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** Columns as wide as they must be, those from `firstNumber` to `lastNumber` to the right. */
function table(rows: readonly (readonly string[])[], firstNumber: number, lastNumber: number): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = (cell: string, column: number): string =>
    column >= firstNumber && column <= lastNumber ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  return rows.map((row) => row.map(aligned).join("  ").trimEnd()).join("\n");
}
