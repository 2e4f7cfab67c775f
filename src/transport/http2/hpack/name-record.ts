import type { SentTable } from "./sent-table.js";

/** How many values of a name may have entries, or are remembered until they come again. */
const maxValues = 4;
/** Longer values are not remembered. */
const longestValue = 256;
/** After so many values in a row that were not remembered those that are give way to others. */
const staleAfter = 1024;

/** One name of fields outside of templates: which values it had lately, and which of them have entries. */
export class NameRecord {
  readonly name: string;
  readonly sensitive: boolean;
  readonly staticName: number;
  /** The entry of each remembered value, or one it had; 0: it never had one. */
  readonly entries: number[] = [];
  /** What the name is called on the wire while the table is of `version`; 0: it is not in the tables. */
  nameIndex = 0;
  version = -1;
  readonly #values: string[] = [];
  #last = -1;
  #missed = 0;

  constructor(name: string, sensitive: boolean, staticName: number) {
    this.name = name;
    this.sensitive = sensitive;
    this.staticName = staticName;
  }

  /** Where a value stands in `entries`; -1 for one that was not remembered, and is from now on if there is a place for it. */
  find(value: string, table: SentTable): number {
    for (let i = 0; i < this.#values.length; i++) {
      if (this.#values[i] !== value) continue;
      this.#missed = 0;
      return i;
    }
    if (value.length <= longestValue) this.#remember(value, table);
    return -1;
  }

  #remember(value: string, table: SentTable): void {
    if (++this.#missed > staleAfter) {
      this.#missed = 0;
      this.#values.length = 0;
      this.entries.length = 0;
      this.#last = -1;
    }
    for (let step = 1; step <= maxValues; step++) {
      const place = (this.#last + step) % maxValues;
      if (table.has(this.entries[place] ?? 0)) continue;
      this.#values[place] = value;
      this.entries[place] = 0;
      this.#last = place;
      return;
    }
  }
}
