import type { DynamicTable } from "./dynamic-table.js";
import { fieldBytes, type HeaderBlock, type KnownFields, noFields } from "./header-block.js";
import { staticEntries, staticFields } from "./static-table.js";

/** A run of more fields is split: its head is known, the others are read one by one. */
const longestRun = 32;
/** How many runs are kept (a client has one or two a method, a server a handful), and what their fields come to. */
const maxRuns = 64;
const maxKeptBytes = 32 * 1024;

/** A run that has been read: the entries it names and what they say. */
export interface Run {
  readonly entries: readonly number[];
  readonly listBytes: number;
  readonly known: KnownFields;
  /** The block that is nothing but this run. */
  readonly block: HeaderBlock;
}

/** Where the entries of a run are gathered until it is clear whether it is kept; needed by nobody between two calls. */
const gathered: number[] = new Array<number>(longestRun).fill(0);

/**
 * Recognises the indexed fields a block begins with by the entries they name. Those keep their number while the table
 * moves on: what was read once is found as long as its entries stand.
 */
export class KnownRuns {
  readonly #table: DynamicTable;
  readonly #maxListBytes: number;
  readonly #runs = new Map<number, Run>();
  #keptBytes = 0;
  #end = 0;

  constructor(table: DynamicTable, maxListBytes: number) {
    this.#table = table;
    this.#maxListBytes = maxListBytes;
  }

  /** Where the run that was read last ended. */
  get end(): number {
    return this.#end;
  }

  /** Reads as many indexed fields as there are, none perhaps. It ends before what is no valid index. */
  read(bytes: Uint8Array, start: number, end: number): Run {
    const { added, entries } = this.#table;
    let hash = 0;
    let length = 0;
    let at = start;
    while (at < end && length < longestRun) {
      let next = at + 1;
      let index = (bytes[at] as number) - 0x80;
      if (index === 0x7f && next < end && (bytes[next] as number) < 0x80) index += bytes[next++] as number;
      else if (index <= 0 || index === 0x7f) break;
      if (index > staticEntries + entries) break;
      // Those of the static table are below 0.
      const entry = index <= staticEntries ? -index : added - (index - staticEntries);
      gathered[length++] = entry;
      hash = Math.imul(hash ^ entry, 0x01000193);
      at = next;
    }
    this.#end = at;
    const kept = this.#runs.get(hash);
    return kept !== undefined && isGathered(kept.entries, length) ? kept : this.#keep(hash, gathered.slice(0, length));
  }

  #keep(hash: number, entries: readonly number[]): Run {
    const run = this.#makeRun(entries);
    if (run.listBytes > maxKeptBytes) return run;
    if (this.#runs.size >= maxRuns || this.#keptBytes + run.listBytes > maxKeptBytes) {
      this.#runs.clear();
      this.#keptBytes = 0;
    }
    this.#runs.set(hash, run);
    this.#keptBytes += run.listBytes;
    return run;
  }

  #makeRun(entries: readonly number[]): Run {
    const fields: string[] = [];
    let listBytes = 0;
    for (const entry of entries) {
      const name = entry < 0 ? (staticFields[-2 * entry - 2] as string) : this.#table.name(entry);
      const value = entry < 0 ? (staticFields[-2 * entry - 1] as string) : this.#table.value(entry);
      listBytes += fieldBytes(name, value);
      if (listBytes <= this.#maxListBytes) fields.push(name, value);
    }
    const known: KnownFields = { fields, meaning: undefined };
    return { entries, listBytes, known, block: { known, rest: noFields, tooLarge: listBytes > this.#maxListBytes } };
  }
}

function isGathered(entries: readonly number[], length: number): boolean {
  if (entries.length !== length) return false;
  for (let i = 0; i < length; i++) if (entries[i] !== gathered[i]) return false;
  return true;
}
