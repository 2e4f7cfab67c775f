import { DynamicTable } from "./dynamic-table.js";
import { fieldBytes, type HeaderBlock, noFields } from "./header-block.js";
import { HpackError } from "./hpack-error.js";
import { maxIntegerBytes } from "./integer.js";
import { KnownRuns, type Run } from "./known-runs.js";
import { staticEntries, staticFields } from "./static-table.js";
import { readHuffman } from "./string-literal.js";

export interface HpackDecoderOptions {
  /** What our SETTINGS_HEADER_TABLE_SIZE says. Default: 4096. */
  readonly maxTableBytes?: number;
  /** How much a block may come to: name, value and 32 a field. */
  readonly maxListBytes: number;
}

/** How large a table is before anybody has said anything (RFC 9113 §6.5.2). */
const initialTableBytes = 4096;
/** A table may shrink and grow between two blocks, no more need be said (RFC 7541 §4.2). */
const maxSizeUpdates = 2;
/** Numbers of more bytes, or above this, are no length and no index of anything. */
const maxInteger = 2 ** 28;
const maxContinuationBytes = maxIntegerBytes - 1;
/** What a decoder holds between two blocks, lest it keep alive what the last was read from. */
const noBytes = Buffer.alloc(0);

/**
 * Reads the header blocks of one connection, in the order they came: one direction of RFC 7541. What it holds is
 * bounded by the table, `maxListBytes` and the block at hand.
 */
export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #maxListBytes: number;
  readonly #table = new DynamicTable(initialTableBytes);
  readonly #runs: KnownRuns;
  #bytes: Buffer = noBytes;
  #at = 0;
  #end = 0;

  constructor(options: HpackDecoderOptions) {
    this.#maxTableBytes = options.maxTableBytes ?? 4096;
    this.#maxListBytes = options.maxListBytes;
    this.#runs = new KnownRuns(this.#table, options.maxListBytes);
  }

  /**
   * One whole block, CONTINUATION and all.
   * @throws HpackError for one that is malformed; this decoder is of no use after that
   */
  decode(bytes: Buffer, start: number, end: number): HeaderBlock {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#readSizeUpdates();
    const run = this.#runs.read(bytes, this.#at, end);
    this.#at = this.#runs.end;
    const block = this.#at === end ? run.block : this.#readRest(run);
    this.#bytes = noBytes;
    return block;
  }

  /** First bits (RFC 7541 §6): 1 indexed, 01 literal that becomes an entry, 001 size update, 000 literal that does not. */
  #readRest(run: Run): HeaderBlock {
    let listBytes = run.listBytes;
    let rest: string[] | undefined;
    while (this.#at < this.#end) {
      const first = this.#bytes[this.#at] as number;
      let name: string;
      let value: string;
      if (first >= 0x80) {
        const index = this.#checked(this.#readInteger(7));
        name = this.#name(index);
        value = this.#value(index);
      } else {
        const indexed = first >= 0x40;
        if (!indexed && first >= 0x20) throw new HpackError("a table size update behind a field");
        const index = this.#readInteger(indexed ? 6 : 4);
        name = index === 0 ? this.#readText() : this.#name(this.#checked(index));
        value = this.#readText();
        if (indexed) this.#table.add(name, value);
      }
      listBytes += fieldBytes(name, value);
      if (listBytes > this.#maxListBytes) continue;
      if (rest === undefined) rest = [name, value];
      else rest.push(name, value);
    }
    return { known: run.known, rest: rest ?? noFields, tooLarge: listBytes > this.#maxListBytes };
  }

  #readSizeUpdates(): void {
    for (let updates = 1; this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20; updates++) {
      if (updates > maxSizeUpdates) throw new HpackError("more than two table size updates");
      const size = this.#readInteger(5);
      if (size > this.#maxTableBytes) throw new HpackError(`a table of ${size} bytes: we allow ${this.#maxTableBytes}`);
      this.#table.resize(size);
    }
  }

  #checked(index: number): number {
    if (index > 0 && index <= staticEntries + this.#table.entries) return index;
    throw new HpackError(`index ${index}: the tables have ${staticEntries} + ${this.#table.entries} entries`);
  }

  #name(index: number): string {
    if (index <= staticEntries) return staticFields[2 * index - 2] as string;
    return this.#table.name(this.#table.added - (index - staticEntries));
  }

  #value(index: number): string {
    if (index <= staticEntries) return staticFields[2 * index - 1] as string;
    return this.#table.value(this.#table.added - (index - staticEntries));
  }

  #readInteger(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = (this.#bytes[this.#at++] as number) & most;
    if (value < most) return value;
    for (let i = 0; i < maxContinuationBytes && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (value > maxInteger) break;
      return value;
    }
    throw new HpackError("a number that is too large, or breaks off");
  }

  #readText(): string {
    if (this.#at === this.#end) throw new HpackError("a field breaks off");
    const huffman = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#readInteger(7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new HpackError(`a string of ${length} bytes: ${this.#end - start} are left`);
    return huffman ? readHuffman(this.#bytes, start, this.#at) : this.#bytes.toString("latin1", start, this.#at);
  }
}
