import { fieldBytes } from "./header-block.js";
import { staticEntries } from "./static-table.js";

interface Entry {
  readonly number: number;
  readonly name: string;
  readonly bytes: number;
  readonly share: Share;
}

/** On whose account an entry stands: fields of templates have three quarters of the table, others one. */
export type Share = "template" | "extra";

/** Once there is no room, so many fields go without an entry until one may push the oldest out. */
const patience = 256;

/**
 * What the peer's dynamic table holds by now (RFC 7541 §2.3.2). Entries are numbered in the order they were added, from
 * 1, and keep their number as long as they stand; no field is there twice.
 */
export class SentTable {
  /** By `fieldKey`; oldest first, as a Map keeps them. */
  readonly #entries = new Map<string, Entry>();
  /** The newest entry of each name. */
  readonly #names = new Map<string, number>();
  readonly #used: Record<Share, number> = { template: 0, extra: 0 };
  #maxBytes: number;
  #added = 0;
  #version = 0;
  #waited = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Changes whenever an index may have. */
  get version(): number {
    return this.#version;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
    this.#version++;
  }

  /** The number of a field's entry, 0 where it has none. */
  find(key: string): number {
    return this.#entries.get(key)?.number ?? 0;
  }

  /** Whether the entry of that number still stands. */
  has(number: number): boolean {
    return number > this.#added - this.#entries.size;
  }

  /** What an entry that stands is called on the wire. */
  indexOf(number: number): number {
    return staticEntries + 1 + this.#added - number;
  }

  /** What a name that is in the table is called on the wire; 0 for any other. */
  indexOfName(name: string): number {
    const number = this.#names.get(name);
    return number === undefined ? 0 : this.indexOf(number);
  }

  /** Whether a field of that size could ever have an entry. */
  takes(bytes: number, share: Share): boolean {
    return bytes <= this.#shareOf(share);
  }

  /** Whether one that the table `takes` may be added now: there is room, or enough have waited. */
  admits(bytes: number, share: Share): boolean {
    return this.#waited >= patience || this.#hasRoom(bytes, share);
  }

  /** A field that the table `takes` has gone without an entry. @returns whether the next may be added */
  wait(): boolean {
    return ++this.#waited >= patience;
  }

  /** Adds what the table `admits`; the oldest make room. @returns its number */
  add(key: string, name: string, value: string, share: Share): number {
    const bytes = fieldBytes(name, value);
    if (!this.#hasRoom(bytes, share)) this.#waited = 0;
    this.#evictTo(this.#maxBytes - bytes);
    const number = ++this.#added;
    this.#entries.set(key, { number, name, bytes, share });
    this.#names.set(name, number);
    this.#used[share] += bytes;
    this.#version++;
    return number;
  }

  #hasRoom(bytes: number, share: Share): boolean {
    const { template, extra } = this.#used;
    return this.#used[share] + bytes <= this.#shareOf(share) && template + extra + bytes <= this.#maxBytes;
  }

  #shareOf(share: Share): number {
    const extra = this.#maxBytes >>> 2;
    return share === "extra" ? extra : this.#maxBytes - extra;
  }

  #evictTo(bytes: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#used.template + this.#used.extra <= bytes) return;
      this.#entries.delete(key);
      if (this.#names.get(entry.name) === entry.number) this.#names.delete(entry.name);
      this.#used[entry.share] -= entry.bytes;
    }
  }
}

/** One text a field, such that no two fields have the same. */
export function fieldKey(name: string, value: string): string {
  return `${name.length} ${name}${value}`;
}
