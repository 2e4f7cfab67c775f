import { columns, type Figures, type Line } from "./line.js";

/** What a figure has to be. */
export interface Bound {
  readonly case: string;
  readonly subject: string;
  readonly of: keyof Figures & string;
  /** The subject's figure is divided by this peer's. Default: it counts as it is. */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** For people: what was due, what was measured, and whether it was reached. Empty where nobody measured any of it. */
export function boundsTable(bounds: readonly Bound[], lines: readonly Line[]): string {
  const rows = boundRows(bounds, lines);
  return rows.length > 1 ? columns(rows) : "";
}

/** The heading, then a row for each bound of which there is a figure. */
export function boundRows(bounds: readonly Bound[], lines: readonly Line[]): string[][] {
  const rows = bounds.flatMap((bound) => {
    const measured = measure(bound, lines);
    return measured === undefined ? [] : [row(bound, measured)];
  });
  return [["bounds", "subject", "of", "against", "bound", "measured", ""], ...rows];
}

function measure({ case: name, subject, of, against }: Bound, lines: readonly Line[]): number | undefined {
  const figure = (party: string): number | undefined =>
    lines.find((line) => line.case === name && line.subject === party)?.figures[of];
  const value = figure(subject);
  if (value === undefined || against === undefined) return value;
  const peer = figure(against);
  return peer === undefined ? undefined : value / peer;
}

function row({ case: name, subject, of, against, atLeast, atMost }: Bound, measured: number): string[] {
  const reached = atLeast === undefined ? measured <= (atMost as number) : measured >= atLeast;
  const due = atLeast === undefined ? `≤ ${say(atMost as number)}` : `≥ ${say(atLeast)}`;
  return [name, subject, of, against ?? "", due, say(measured), reached ? "reached" : "NOT REACHED"];
}

function say(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
