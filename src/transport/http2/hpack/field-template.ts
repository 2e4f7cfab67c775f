import { type Fields, fieldBytes } from "./header-block.js";
import { maxIntegerBytes } from "./integer.js";
import { fieldKey } from "./sent-table.js";
import { staticIndexOf, staticIndexOfName } from "./static-table.js";
import { maxTextOverhead, writeShortest } from "./text.js";

/** Fields that are sent again and again over one connection. Made by `HpackEncoder.template`, and good for that encoder. */
export interface FieldTemplate {
  readonly fields: Fields;
}

export class TemplateField {
  readonly name: string;
  readonly value: string;
  readonly key: string;
  readonly bytes: number;
  readonly sensitive: boolean;
  /** Its index in the static table; 0: none. */
  readonly staticIndex: number;
  readonly staticName: number;
  /** Name and value as string literals, in the shorter form. */
  readonly nameLiteral: Buffer;
  readonly valueLiteral: Buffer;
  /** Its entry in the dynamic table, or one it had. */
  entry = 0;

  constructor(name: string, value: string, sensitive: boolean) {
    this.name = name;
    this.value = value;
    this.key = fieldKey(name, value);
    this.bytes = fieldBytes(name, value);
    this.sensitive = sensitive;
    this.staticIndex = sensitive ? 0 : staticIndexOf(name, value);
    this.staticName = staticIndexOfName(name);
    this.nameLiteral = literal(name);
    this.valueLiteral = literal(value);
  }
}

export class Template implements FieldTemplate {
  readonly fields: Fields;
  readonly parts: readonly TemplateField[];
  /** No block of these fields is longer. */
  readonly maxBytes: number;
  /** Its bytes while the table is of `version`. */
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  version = -1;
  /** Whether a field waits for a place in the table. */
  waiting = false;

  constructor(fields: Fields, parts: readonly TemplateField[]) {
    this.fields = fields;
    this.parts = parts;
    this.maxBytes = parts.reduce(
      (sum, part) => sum + maxIntegerBytes + part.nameLiteral.length + part.valueLiteral.length,
      0,
    );
  }

  keep(target: Uint8Array, start: number, end: number, version: number): void {
    this.length = end - start;
    if (this.bytes.length < this.length) this.bytes = new Uint8Array(this.length);
    this.bytes.set(target.subarray(start, end));
    this.version = version;
  }
}

function literal(text: string): Buffer {
  const room = Buffer.allocUnsafe(text.length + maxTextOverhead);
  return Buffer.from(room.subarray(0, writeShortest(text, room, 0)));
}
