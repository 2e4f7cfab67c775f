import { columns, type Figures, type Line } from "./line.js";

/** What a figure has to be; with neither `atLeast` nor `atMost` it stands beside the others for comparison. */
export interface Bound {
  readonly case: string;
  readonly subject: string;
  readonly of: keyof Figures & string;
  /** The subject's figure is divided by this peer's. Default: it counts as it is. */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export type Outcome = "reached" | "NOT REACHED" | "NOT MEASURED" | "for comparison";

/** What came of a bound. */
export interface Finding {
  readonly bound: Bound;
  /** Undefined where no line has the figure, or the peer's. */
  readonly measured: number | undefined;
  readonly outcome: Outcome;
}

/** One for each bound, in the same order. */
export function findingsOf(bounds: readonly Bound[], lines: readonly Line[]): Finding[] {
  return bounds.map((bound) => {
    const measured = measure(bound, lines);
    return { bound, measured, outcome: outcomeOf(bound, measured) };
  });
}

/** For people: what was due, what was measured, and whether it was reached. */
export function boundsTable(findings: readonly Finding[]): string {
  return columns(boundRows(findings));
}

/** The heading, then a row for each bound. */
export function boundRows(findings: readonly Finding[]): string[][] {
  return [["bounds", "subject", "of", "against", "bound", "measured", ""], ...findings.map(row)];
}

function measure({ case: name, subject, of, against }: Bound, lines: readonly Line[]): number | undefined {
  const figure = (party: string): number =>
    lines.find((line) => line.case === name && line.subject === party)?.figures[of] ?? Number.NaN;
  const value = figure(subject) / (against === undefined ? 1 : figure(against));
  return Number.isFinite(value) ? value : undefined;
}

function outcomeOf({ atLeast, atMost }: Bound, measured: number | undefined): Outcome {
  if (measured === undefined) return "NOT MEASURED";
  if (atLeast === undefined && atMost === undefined) return "for comparison";
  const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
  return measured >= (atLeast ?? NEGATIVE_INFINITY) && measured <= (atMost ?? POSITIVE_INFINITY)
    ? "reached"
    : "NOT REACHED";
}

function row({ bound, measured, outcome }: Finding): string[] {
  const { case: name, subject, of, against = "", atLeast, atMost } = bound;
  const due = [
    ...(atLeast === undefined ? [] : [`≥ ${say(atLeast)}`]),
    ...(atMost === undefined ? [] : [`≤ ${say(atMost)}`]),
  ];
  return [name, subject, of, against, due.join(", "), measured === undefined ? "" : say(measured), outcome];
}

function say(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
