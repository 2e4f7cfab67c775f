import { fieldBytes } from "./header-block.js";
import { NameRecord } from "./name-record.js";
import { added, type Indexing, never, plain, writeIndexed, writeLiteralHead } from "./representation.js";
import { fieldKey, type SentTable } from "./sent-table.js";
import { staticIndexOfName } from "./static-table.js";
import { writeRaw, writeShortest } from "./string-literal.js";

/** How many names are remembered. */
const maxNames = 64;

/**
 * Writes the fields that are in no template. What never came before may never come again: a name has an entry once it
 * comes a second time, a value of it once that does. Text that gets no entry is sent as it is, without Huffman code.
 */
export class ExtraFields {
  readonly #table: SentTable;
  readonly #sensitive: ReadonlySet<string>;
  readonly #names = new Map<string, NameRecord>();

  constructor(table: SentTable, sensitive: ReadonlySet<string>) {
    this.#table = table;
    this.#sensitive = sensitive;
  }

  /** @returns the end */
  write(name: string, value: string, target: Buffer, at: number): number {
    const table = this.#table;
    let record = this.#names.get(name);
    const isNew = record === undefined;
    record ??= this.#remember(name);
    if (record.version !== table.version) {
      record.version = table.version;
      record.nameIndex = record.staticName > 0 ? record.staticName : table.indexOfName(name);
    }
    if (record.sensitive) return writeLiteral(record, never, value, target, at);
    const slot = record.find(value, table);
    if (slot >= 0 && table.has(record.entries[slot] as number)) {
      return writeIndexed(table.indexOf(record.entries[slot] as number), target, at);
    }
    if (isNew || (slot < 0 && record.nameIndex > 0)) return writeLiteral(record, plain, value, target, at);
    return this.#writeRepeated(record, slot, value, target, at);
  }

  /** A value, or at least a name, that has come before and would have an entry. */
  #writeRepeated(record: NameRecord, slot: number, value: string, target: Buffer, at: number): number {
    const table = this.#table;
    const { name } = record;
    const key = fieldKey(name, value);
    const found = table.find(key);
    if (found > 0) {
      if (slot >= 0) record.entries[slot] = found;
      return writeIndexed(table.indexOf(found), target, at);
    }
    const bytes = fieldBytes(name, value);
    if (!table.takes(bytes, "extra")) return writeLiteral(record, plain, value, target, at);
    if (!table.admits(bytes, "extra")) {
      table.wait();
      return writeLiteral(record, plain, value, target, at);
    }
    const end = writeLiteral(record, added, value, target, at);
    const entry = table.add(key, name, value, "extra");
    if (slot >= 0) record.entries[slot] = entry;
    return end;
  }

  #remember(name: string): NameRecord {
    if (this.#names.size >= maxNames) this.#names.clear();
    const record = new NameRecord(name, this.#sensitive.has(name), staticIndexOfName(name));
    this.#names.set(name, record);
    return record;
  }
}

function writeLiteral(record: NameRecord, indexing: Indexing, value: string, target: Buffer, at: number): number {
  const write = indexing === added ? writeShortest : writeRaw;
  at = writeLiteralHead(record.nameIndex, indexing, target, at);
  if (record.nameIndex === 0) at = write(record.name, target, at);
  return write(value, target, at);
}
