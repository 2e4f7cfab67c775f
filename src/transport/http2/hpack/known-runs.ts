import type { DynamicTable } from "./dynamic-table.js";
import { fieldBytes, type HeaderBlock, type KnownFields } from "./header-block.js";
import { staticEntries, staticFields } from "./static-table.js";

/** A run of more fields is split: the head is known, the others are read one by one. */
const longestRun = 32;
/** How many runs are kept; a client has one or two a method, a server a handful. */
const maxRuns = 64;

class Known implements KnownFields {
  readonly fields: readonly string[];
  meaning: unknown = undefined;

  constructor(fields: readonly string[]) {
    this.fields = fields;
  }
}

/** A run that has been read: which entries it names, and what they are. */
export interface Run {
  readonly entries: readonly number[];
  readonly listBytes: number;
  readonly known: KnownFields;
  /** The block that is nothing but this run. */
  readonly block: HeaderBlock;
}

/** Where the entries of a run are gathered before it is known whether it has been seen: no read lasts longer than a call. */
const gathered: number[] = new Array<number>(longestRun).fill(0);
const nothing: readonly string[] = [];

/**
 * Recognises the indexed fields a block begins with by the entries they name, which keep their number while the table
 * moves on: what was read once is found for as long as its entries stand.
 */
export class KnownRuns {
  readonly #table: DynamicTable;
  readonly #maxListBytes: number;
  readonly #runs = new Map<number, Run>();
  #end = 0;

  constructor(table: DynamicTable, maxListBytes: number) {
    this.#table = table;
    this.#maxListBytes = maxListBytes;
  }

  /** Where the run that was read last ended. */
  get end(): number {
    return this.#end;
  }

  /** Reads indexed fields of one byte as long as there are any, none perhaps; what is wrong is left to be read by others. */
  read(bytes: Uint8Array, start: number, end: number): Run {
    const { added, entries } = this.#table;
    const last = Math.min(end, start + longestRun);
    let hash = 0;
    let at = start;
    for (; at < last; at++) {
      const index = (bytes[at] as number) - 0x80;
      if (index <= 0 || index === 0x7f || index > staticEntries + entries) break;
      // Entries of the static table are those below 0.
      const entry = index <= staticEntries ? -index : added - (index - staticEntries);
      gathered[at - start] = entry;
      hash = (Math.imul(hash, 31) + entry) | 0;
    }
    this.#end = at;
    const length = at - start;
    const found = this.#runs.get(hash);
    return found !== undefined && isSame(found.entries, length)
      ? found
      : this.#remember(hash, gathered.slice(0, length));
  }

  #remember(hash: number, entries: readonly number[]): Run {
    const fields: string[] = [];
    let listBytes = 0;
    for (const entry of entries) {
      const name = entry < 0 ? (staticFields[-2 * entry - 2] as string) : this.#table.name(entry);
      const value = entry < 0 ? (staticFields[-2 * entry - 1] as string) : this.#table.value(entry);
      listBytes += fieldBytes(name, value);
      if (listBytes <= this.#maxListBytes) fields.push(name, value);
    }
    const known = new Known(fields);
    const block = { known, rest: nothing, tooLarge: listBytes > this.#maxListBytes };
    const run: Run = { entries, listBytes, known, block };
    if (this.#runs.size >= maxRuns) this.#runs.clear();
    this.#runs.set(hash, run);
    return run;
  }
}

function isSame(entries: readonly number[], length: number): boolean {
  if (entries.length !== length) return false;
  for (let i = 0; i < length; i++) if (entries[i] !== gathered[i]) return false;
  return true;
}
