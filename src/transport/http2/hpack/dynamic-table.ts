import { fieldBytes } from "./header-block.js";

/**
 * The dynamic table of a decoder (RFC 7541 §2.3.2): a ring that grows with what is in it. Entries are numbered in the
 * order they came, from 0, and keep their number as long as they stand.
 */
export class DynamicTable {
  #names: string[] = [];
  #values: string[] = [];
  #maxBytes: number;
  #bytes = 0;
  #entries = 0;
  #added = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get entries(): number {
    return this.#entries;
  }

  /** How many there have ever been: the number of the next. */
  get added(): number {
    return this.#added;
  }

  get bytes(): number {
    return this.#bytes;
  }

  name(number: number): string {
    return this.#names[number & (this.#names.length - 1)] as string;
  }

  value(number: number): string {
    return this.#values[number & (this.#values.length - 1)] as string;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  /** One that is larger than the table empties it, and is not added (§4.4). */
  add(name: string, value: string): void {
    const bytes = fieldBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    if (this.#entries === this.#names.length) this.#grow();
    const slot = this.#added++ & (this.#names.length - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#bytes += bytes;
    this.#entries++;
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#entries > 0) {
      const slot = (this.#added - this.#entries--) & (this.#names.length - 1);
      this.#bytes -= fieldBytes(this.#names[slot] as string, this.#values[slot] as string);
      this.#names[slot] = "";
      this.#values[slot] = "";
    }
  }

  /** To the next power of two, each entry where its number wants it. */
  #grow(): void {
    const size = Math.max(8, this.#names.length * 2);
    const names = new Array<string>(size).fill("");
    const values = new Array<string>(size).fill("");
    for (let number = this.#added - this.#entries; number < this.#added; number++) {
      names[number & (size - 1)] = this.name(number);
      values[number & (size - 1)] = this.value(number);
    }
    this.#names = names;
    this.#values = values;
  }
}
