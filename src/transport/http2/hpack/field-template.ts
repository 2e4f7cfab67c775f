import { copyBytes } from "./copy-bytes.js";
import { type Fields, fieldBytes } from "./header-block.js";
import { maxIntegerBytes } from "./integer.js";
import { added, type Indexing, never, plain, writeIndexed, writeLiteralHead } from "./representation.js";
import { fieldKey, type SentTable } from "./sent-table.js";
import { staticIndexOf, staticIndexOfName } from "./static-table.js";
import { literalBound, writeShortest } from "./string-literal.js";

/** Fields that are sent again and again over one connection. Made by `HpackEncoder.template`, for that encoder only. */
export interface FieldTemplate {
  readonly fields: Fields;
}

export class EncodedTemplate implements FieldTemplate {
  readonly fields: Fields;
  /** No block of these fields is longer. */
  readonly maxBytes: number;
  readonly #fields: readonly TemplateField[];
  readonly #table: SentTable;
  /** What the fields were while the table was of that version. */
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #version = -1;
  /** Whether one of the fields would have an entry, were there room. */
  #waiting = false;

  constructor(fields: Fields, sensitive: ReadonlySet<string>, table: SentTable) {
    this.fields = fields;
    this.#table = table;
    const encoded: TemplateField[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      encoded.push(new TemplateField(name, fields[i + 1] as string, sensitive.has(name)));
    }
    this.#fields = encoded;
    this.maxBytes = fields.reduce((sum, text) => sum + literalBound(text), encoded.length * maxIntegerBytes);
  }

  /** @returns the end */
  write(target: Buffer, at: number): number {
    const { version } = this.#table;
    const kept = this.#version === version && !(this.#waiting && this.#table.wait());
    return kept ? copyBytes(this.#bytes, this.#length, target, at) : this.#encode(version, target, at);
  }

  /** What adds an entry is sent once; bytes that add none are good until the table changes. */
  #encode(version: number, target: Buffer, start: number): number {
    this.#waiting = false;
    let at = start;
    for (const field of this.#fields) {
      at = field.write(this.#table, target, at);
      if (field.waits(this.#table)) this.#waiting = true;
    }
    if (this.#table.version !== version) return at;
    this.#version = version;
    this.#length = at - start;
    if (this.#bytes.length < this.#length) this.#bytes = new Uint8Array(this.#length);
    copyBytes(target.subarray(start, at), this.#length, this.#bytes, 0);
    return at;
  }
}

/** Looks up what it may look up: there is one for each field of each method on each connection, and it is seldom written. */
class TemplateField {
  readonly #name: string;
  readonly #value: string;
  readonly #sensitive: boolean;
  /** Its entry, or one it had. */
  #entry = 0;

  constructor(name: string, value: string, sensitive: boolean) {
    this.#name = name;
    this.#value = value;
    this.#sensitive = sensitive;
  }

  write(table: SentTable, target: Buffer, at: number): number {
    if (!this.#sensitive && this.#static > 0) return writeIndexed(this.#static, target, at);
    const indexing = this.#sensitive ? never : this.#lookUp(table);
    if (indexing === undefined) return writeIndexed(table.indexOf(this.#entry), target, at);
    const nameIndex = staticIndexOfName(this.#name) || table.indexOfName(this.#name);
    at = writeLiteralHead(nameIndex, indexing, target, at);
    if (nameIndex === 0) at = writeShortest(this.#name, target, at);
    if (indexing === added) this.#entry = table.add(this.#makeKey(), this.#name, this.#value, "template");
    return writeShortest(this.#value, target, at);
  }

  /** Whether it was written without an entry, and would have one, were there room. */
  waits(table: SentTable): boolean {
    if (this.#sensitive || this.#static > 0 || table.has(this.#entry)) return false;
    return table.takes(this.#bytes, "template") && !table.admits(this.#bytes, "template");
  }

  /** Undefined where the field has an entry. */
  #lookUp(table: SentTable): Indexing | undefined {
    if (!table.has(this.#entry)) this.#entry = table.find(this.#makeKey());
    if (this.#entry > 0) return undefined;
    return table.takes(this.#bytes, "template") && table.admits(this.#bytes, "template") ? added : plain;
  }

  /** In the static table; 0: not there. */
  get #static(): number {
    return staticIndexOf(this.#name, this.#value);
  }

  get #bytes(): number {
    return fieldBytes(this.#name, this.#value);
  }

  /** Needed once or twice, and not kept: there are many templates. */
  #makeKey(): string {
    return fieldKey(this.#name, this.#value);
  }
}
