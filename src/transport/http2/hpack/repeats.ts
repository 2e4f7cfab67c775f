/** How many values of a name may have entries, or be remembered until they come again. */
const maxValues = 4;
/** Longer values are not remembered. */
const longestValue = 256;

/** One name of fields outside of templates: which values came lately, and which of them have entries in the table. */
export class NameRecord {
  readonly name: string;
  readonly sensitive: boolean;
  readonly staticName: number;
  readonly values: string[] = [];
  /** The entry of each value, or one it had; 0: never had one. */
  readonly entries: number[] = [];
  /** What the name is called on the wire while the table is of `version`; 0: nothing. */
  nameIndex = 0;
  version = -1;
  #next = 0;

  constructor(name: string, sensitive: boolean, staticName: number) {
    this.name = name;
    this.sensitive = sensitive;
    this.staticName = staticName;
  }

  indexOf(value: string): number {
    return this.values.indexOf(value);
  }

  /** Remembers a value in the place of one that has no entry. */
  remember(value: string): void {
    if (value.length > longestValue) return;
    if (this.values.length < maxValues) {
      this.values.push(value);
      this.entries.push(0);
      return;
    }
    for (let tries = 0; tries < maxValues; tries++) {
      this.#next = (this.#next + 1) % maxValues;
      if (this.entries[this.#next] !== 0) continue;
      this.values[this.#next] = value;
      return;
    }
  }
}
