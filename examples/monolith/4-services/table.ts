import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Rows in memory and in a file of JSON lines, where the last line of an id counts. A file has one process that writes it. */
export class Table<Row extends { readonly id: string }> implements Disposable {
  readonly #rows = new Map<string, Row>();
  readonly #file: number;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.jsonl`);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    for (const line of lines) if (line !== "") this.#apply(JSON.parse(line));
    this.#file = openSync(path, "a");
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }

  put(row: Row): Row {
    this.#write({ row });
    return row;
  }

  delete(id: string): void {
    this.#write({ deleted: id });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(line: Line<Row>): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#apply(line);
  }

  #apply(line: Line<Row>): void {
    if ("row" in line) this.#rows.set(line.row.id, line.row);
    else this.#rows.delete(line.deleted);
  }
}

type Line<Row> = { readonly row: Row } | { readonly deleted: string };
