/** One object a line, for programs: what a subject did in a case, held against one peer. */
export interface Line {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly peer: string;
  readonly figures: Figures;
}

/** The first six stand in every line; a suite adds its own. */
export interface Figures {
  readonly ops_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_op: number;
  /** The subject's `ops_per_s` ÷ the peer's, where README.md says nothing else. */
  readonly ratio: number;
  readonly [name: string]: number;
}

/** Figures with four digits that count; what could not be measured is null. */
export function jsonOf({ suite, case: name, subject, peer, figures }: Line): string {
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)]));
  return JSON.stringify({ suite, case: name, subject, peer, ...rounded });
}

function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** Read back what `jsonOf` wrote. */
export function lineOf(json: string): Line {
  const { suite, case: name, subject, peer, ...figures } = JSON.parse(json);
  return { suite, case: name, subject, peer, figures };
}

/** Columns for people: the first flush left, the others flush right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const format = ([first = "", ...rest]: readonly string[]) =>
    first.padEnd(Math.max(24, widths[0] ?? 0)) +
    rest.map((cell, at) => cell.padStart(Math.max(13, widths[at + 1] ?? 0) + 2)).join("");
  return `${rows.map(format).join("\n")}\n`;
}

/** The same in Markdown, for RESULTS.md; the first row is the heading. */
export function markdown([heading = [], ...rows]: readonly (readonly string[])[]): string {
  const rule = heading.map((_, at) => (at === 0 ? "---" : "---:"));
  return [heading, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
