import { stripVTControlCharacters } from "node:util";

const gap = "  ";

/** Lines of cells, every column as wide as its widest cell; the last column ends where its text ends. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] as number) - widthOf(cell)))
      .join(gap)
      .trimEnd();
  return rows.map(line).join("\n");
}

/** In characters, colours not counted. */
function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
