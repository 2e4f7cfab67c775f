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

/**
 * What the peer's dynamic table holds by now (RFC 7541 §2.3.2). Entries are numbered in the order they were added, from
 * 1, and keep their number as long as they stand; none is there twice.
 */
export class SentTable {
  /** By field; oldest first, as a Map keeps them. */
  readonly #entries = new Map<string, Entry>();
  /** The newest entry of each name. */
  readonly #names = new Map<string, number>();
  readonly #used = { template: 0, extra: 0 };
  #maxBytes: number;
  #added = 0;
  #version = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Changes whenever an index does. */
  get version(): number {
    return this.#version;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  /** The number of the entry of a field (`fieldKey`), 0 where there is none. */
  find(key: string): number {
    return this.#entries.get(key)?.number ?? 0;
  }

  /** The number of an entry with this name, 0 where there is none. */
  findName(name: string): number {
    return this.#names.get(name) ?? 0;
  }

  has(number: number): boolean {
    return number > this.#added - this.#entries.size;
  }

  /** What an entry is called on the wire, now. */
  indexOf(number: number): number {
    return staticEntries + 1 + this.#added - number;
  }

  /** Whether an entry of that size could ever be added. */
  takes(bytes: number, share: Share): boolean {
    return bytes <= this.#shareOf(share);
  }

  /** Whether one of that size can be added now so that nothing has to go. */
  hasRoom(bytes: number, share: Share): boolean {
    return this.#used[share] + bytes <= this.#shareOf(share) && this.#bytes + bytes <= this.#maxBytes;
  }

  /** Adds what the table `takes`; the oldest make room. @returns its number */
  add(key: string, name: string, value: string, share: Share): number {
    const bytes = fieldBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    this.#version++;
    const number = ++this.#added;
    this.#entries.set(key, { number, name, bytes, share });
    this.#names.set(name, number);
    this.#used[share] += bytes;
    return number;
  }

  get #bytes(): number {
    return this.#used.template + this.#used.extra;
  }

  #shareOf(share: Share): number {
    const extra = this.#maxBytes >>> 2;
    return share === "extra" ? extra : this.#maxBytes - extra;
  }

  #evictTo(bytes: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= bytes) return;
      this.#entries.delete(key);
      if (this.#names.get(entry.name) === entry.number) this.#names.delete(entry.name);
      this.#used[entry.share] -= entry.bytes;
      this.#version++;
    }
  }
}

/** One text a field, such that no two fields have the same. */
export function fieldKey(name: string, value: string): string {
  return `${name.length} ${name}${value}`;
}
