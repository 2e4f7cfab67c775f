import { huffmanBits, staticFields } from "./hpack-tables.js";

/** Header compression (RFC 7541) in as few lines as will do, apart from the product: a raw peer shares no fault with it. */
export type Field = readonly [name: string, value: string];

/** Fields as literals that nobody shall remember (§6.2.2), strings as they are. */
export function fieldBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

/** @param prefix 0x00 not indexed (§6.2.2), 0x10 never indexed (§6.2.3), 0x40 to be remembered (§6.2.1) */
export function literal(name: string, value: string, prefix: 0 | 0x10 | 0x40 = 0): Buffer {
  return Buffer.concat([Buffer.of(prefix), text(name), text(value)]);
}

/** A field that stands in the tables (§6.1). */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** A change of the table's size (§6.3). */
export function tableSize(bytes: number): Buffer {
  return integer(bytes, 5, 0x20);
}

/** A number behind a prefix (§5.1). */
export function integer(value: number, bits: number, prefix = 0): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(prefix | value);
  const bytes = [prefix | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A string without Huffman coding (§5.2). */
export function text(value: string): Buffer {
  return Buffer.concat([integer(Buffer.byteLength(value, "latin1"), 7), Buffer.from(value, "latin1")]);
}

/** Reads blocks in the order they came. @throws Error where one is none */
export class BlockReader {
  readonly #dynamic: Field[] = [];
  #sizeLimit: number;

  /** @param maxTableBytes what was said in SETTINGS_HEADER_TABLE_SIZE */
  constructor(maxTableBytes = 4096) {
    this.#sizeLimit = maxTableBytes;
  }

  read(block: Buffer): Field[] {
    const cursor = new Cursor(block);
    const fields: Field[] = [];
    while (!cursor.done) {
      const first = cursor.peek();
      if (first >= 0x80) fields.push(this.#at(cursor.integer(7)));
      else if (first >= 0x40) fields.push(this.#remember(this.#literal(cursor, 6)));
      else if (first >= 0x20) this.#resize(cursor.integer(5));
      else fields.push(this.#literal(cursor, 4));
    }
    return fields;
  }

  #literal(cursor: Cursor, bits: number): Field {
    const index = cursor.integer(bits);
    const name = index === 0 ? cursor.text() : this.#at(index)[0];
    return [name, cursor.text()];
  }

  #at(index: number): Field {
    const field = staticFields[index - 1] ?? this.#dynamic[index - 1 - staticFields.length];
    if (field === undefined) throw new Error(`nothing stands at ${index}`);
    return field;
  }

  #remember(field: Field): Field {
    this.#dynamic.unshift(field);
    this.#evict();
    return field;
  }

  #resize(bytes: number): void {
    this.#sizeLimit = bytes;
    this.#evict();
  }

  #evict(): void {
    const size = (): number => this.#dynamic.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (this.#dynamic.length > 0 && size() > this.#sizeLimit) this.#dynamic.pop();
  }
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error("the block breaks off");
    return byte;
  }

  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.peek() & most;
    this.#at++;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const huffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Error("a string breaks off");
    this.#at += length;
    return huffman ? decodeHuffman(bytes) : bytes.toString("latin1");
  }
}

/** Symbols by their code, written as `1` and its bits: codes of one length stand in the order of their symbols. */
const symbols: ReadonlyMap<number, number> = (() => {
  const codes = new Map<number, number>();
  const order = huffmanBits
    .map((bits, symbol) => ({ bits, symbol }))
    .sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  let next = 0;
  let length = 0;
  for (const { bits, symbol } of order) {
    next *= 2 ** (bits - length);
    length = bits;
    codes.set(2 ** bits + next++, symbol);
  }
  return codes;
})();

function decodeHuffman(bytes: Buffer): string {
  let decoded = "";
  let code = 1;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      const symbol = symbols.get(code);
      if (symbol === undefined) continue;
      decoded += String.fromCharCode(symbol);
      code = 1;
    }
  }
  return decoded;
}
