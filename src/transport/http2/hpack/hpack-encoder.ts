import { type FieldTemplate, Template, TemplateField } from "./field-template.js";
import { type Fields, fieldBytes } from "./header-block.js";
import { maxIntegerBytes, writeInteger } from "./integer.js";
import { NameRecord } from "./repeats.js";
import { fieldKey, SentTable } from "./sent-table.js";
import { staticIndexOfName } from "./static-table.js";
import { maxTextOverhead, writeRaw, writeShortest } from "./text.js";

export interface HpackEncoderOptions {
  /** How large a dynamic table we use where the peer allows it. Default and most: 4096. */
  readonly maxTableBytes?: number;
  /** Names of fields, in lower case, that are never to be indexed by anybody, besides those of credentials and cookies. */
  readonly sensitive?: readonly string[];
}

/** How large a table is before anybody has said anything (RFC 9113 §6.5.2), and what we make do with. */
const mostTableBytes = 4096;
const credentials = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/** Once the table is full, so many uses of fields that are not in it go by until one may push the oldest out. */
const patience = 256;
/** How many names outside of templates are remembered. */
const maxNames = 64;
const shortCopy = 48;

const indexedFlag = 0x80;
const addedFlag = 0x40;
const neverFlag = 0x10;
const sizeFlag = 0x20;

/**
 * Writes the header blocks of one connection, in the order they are sent: one direction of RFC 7541.
 *
 * Fields of templates go into the table as long as there is room in their three quarters of it, those of `extra` when
 * they come a second time and there is room in their quarter: nothing is pushed out, so that what is in use stays, and
 * a block is a copy of a few bytes. Only when 256 blocks had to do without a place may the 257th push the oldest out:
 * what is used most comes in soonest. A name of `extra` has at most four values in the table; others have their name
 * there.
 */
export class HpackEncoder {
  readonly #ceiling: number;
  readonly #sensitive: ReadonlySet<string>;
  readonly #table = new SentTable(mostTableBytes);
  readonly #names = new Map<string, NameRecord>();
  /** The table the next block shall have, and the smallest there was to be since the last. */
  #wantedBytes: number;
  #smallestBytes: number;
  #waited = 0;

  constructor(options: HpackEncoderOptions = {}) {
    this.#ceiling = Math.min(options.maxTableBytes ?? mostTableBytes, mostTableBytes);
    this.#sensitive = new Set([...credentials, ...(options.sensitive ?? [])]);
    this.#wantedBytes = this.#ceiling;
    this.#smallestBytes = this.#ceiling;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: the next block says what we make of it. */
  setMaxTableBytes(bytes: number): void {
    this.#wantedBytes = Math.min(bytes, this.#ceiling);
    this.#smallestBytes = Math.min(this.#smallestBytes, this.#wantedBytes);
  }

  /** Fields that are sent again and again: their bytes are kept while the table stands. */
  template(fields: Fields): FieldTemplate {
    const parts: TemplateField[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      parts.push(new TemplateField(name, fields[i + 1] as string, this.#sensitive.has(name)));
    }
    return new Template(fields, parts);
  }

  /** No block of these is longer, in bytes. */
  bound(template: FieldTemplate, extra: Fields): number {
    let bytes = 2 * maxIntegerBytes + (template as Template).maxBytes;
    for (let i = 0; i < extra.length; i++) bytes += maxIntegerBytes + maxTextOverhead + (extra[i] as string).length;
    return bytes;
  }

  /**
   * One block, from `at`, where `target` has room for `bound`. Blocks must be sent in the order they are encoded.
   * @param extra flat, latin1: fields that vary
   * @returns the end of the block
   */
  encode(template: FieldTemplate, extra: Fields, target: Buffer, at: number): number {
    const table = this.#table;
    if (this.#wantedBytes !== table.maxBytes || this.#smallestBytes !== table.maxBytes) at = this.#resize(target, at);
    at = this.#writeTemplate(template as Template, target, at);
    for (let i = 0; i < extra.length; i += 2) {
      at = this.#writeExtra(extra[i] as string, extra[i + 1] as string, target, at);
    }
    return at;
  }

  #resize(target: Buffer, at: number): number {
    for (const size of [this.#smallestBytes, this.#wantedBytes]) {
      if (size === this.#table.maxBytes) continue;
      this.#table.resize(size);
      at = writeInteger(size, sizeFlag, 5, target, at);
    }
    this.#smallestBytes = this.#wantedBytes;
    return at;
  }

  #writeTemplate(template: Template, target: Buffer, at: number): number {
    const { version } = this.#table;
    const kept = template.version === version;
    if (kept && !(template.waiting && ++this.#waited > patience))
      return copy(template.bytes, template.length, target, at);
    const start = at;
    template.waiting = false;
    for (const field of template.parts) at = this.#writeField(template, field, target, at);
    if (this.#table.version === version) template.keep(target, start, at, version);
    else template.version = -1;
    return at;
  }

  #writeField(template: Template, field: TemplateField, target: Buffer, at: number): number {
    const table = this.#table;
    if (field.staticIndex > 0) return writeInteger(field.staticIndex, indexedFlag, 7, target, at);
    let flags = neverFlag;
    if (!field.sensitive) {
      if (!table.has(field.entry)) field.entry = table.find(field.key);
      if (field.entry > 0) return writeInteger(table.indexOf(field.entry), indexedFlag, 7, target, at);
      flags = 0;
      if (table.takes(field.bytes, "template")) {
        if (this.#mayAdd(field.bytes, "template")) flags = addedFlag;
        else template.waiting = true;
      }
    }
    const nameIndex = field.staticName > 0 ? field.staticName : this.#indexOfName(field.name);
    at = writeInteger(nameIndex, flags, flags === addedFlag ? 6 : 4, target, at);
    if (nameIndex === 0) at = copy(field.nameLiteral, field.nameLiteral.length, target, at);
    at = copy(field.valueLiteral, field.valueLiteral.length, target, at);
    if (flags === addedFlag) field.entry = table.add(field.key, field.name, field.value, "template");
    return at;
  }

  #writeExtra(name: string, value: string, target: Buffer, at: number): number {
    const table = this.#table;
    const record = this.#names.get(name);
    if (record === undefined) return this.#writeNew(name, value, target, at);
    if (record.version !== table.version) {
      record.version = table.version;
      record.nameIndex = record.staticName > 0 ? record.staticName : this.#indexOfName(name);
    }
    let flags = neverFlag;
    let slot = -1;
    if (!record.sensitive) {
      flags = 0;
      slot = record.indexOf(value);
      const entry = slot < 0 ? 0 : (record.entries[slot] as number);
      if (entry > 0 && table.has(entry)) return writeInteger(table.indexOf(entry), indexedFlag, 7, target, at);
      if (slot < 0) record.remember(value);
      if (slot >= 0 || record.nameIndex === 0) {
        const found = table.find(fieldKey(name, value));
        if (found > 0) {
          if (slot >= 0) record.entries[slot] = found;
          return writeInteger(table.indexOf(found), indexedFlag, 7, target, at);
        }
        const bytes = fieldBytes(name, value);
        if (table.takes(bytes, "extra")) {
          if (this.#mayAdd(bytes, "extra")) flags = addedFlag;
          else this.#waited++;
        }
      }
    }
    at = writeInteger(record.nameIndex, flags, flags === addedFlag ? 6 : 4, target, at);
    if (flags !== addedFlag) {
      if (record.nameIndex === 0) at = writeRaw(name, target, at);
      return writeRaw(value, target, at);
    }
    if (record.nameIndex === 0) at = writeShortest(name, target, at);
    at = writeShortest(value, target, at);
    const entry = table.add(fieldKey(name, value), name, value, "extra");
    if (slot >= 0) record.entries[slot] = entry;
    return at;
  }

  /** A name that is not remembered: perhaps it never comes again. */
  #writeNew(name: string, value: string, target: Buffer, at: number): number {
    const record = new NameRecord(name, this.#sensitive.has(name), staticIndexOfName(name));
    if (!record.sensitive) record.remember(value);
    if (this.#names.size >= maxNames) this.#names.clear();
    this.#names.set(name, record);
    const nameIndex = record.staticName > 0 ? record.staticName : this.#indexOfName(name);
    at = writeInteger(nameIndex, record.sensitive ? neverFlag : 0, 4, target, at);
    if (nameIndex === 0) at = writeRaw(name, target, at);
    return writeRaw(value, target, at);
  }

  #indexOfName(name: string): number {
    const entry = this.#table.findName(name);
    return entry > 0 ? this.#table.indexOf(entry) : 0;
  }

  #mayAdd(bytes: number, share: "template" | "extra"): boolean {
    if (this.#table.hasRoom(bytes, share)) return true;
    if (this.#waited <= patience) return false;
    this.#waited = 0;
    return true;
  }
}

function copy(bytes: Uint8Array, length: number, target: Buffer, at: number): number {
  if (length > shortCopy) target.set(length === bytes.length ? bytes : bytes.subarray(0, length), at);
  else for (let i = 0; i < length; i++) target[at + i] = bytes[i] as number;
  return at + length;
}
