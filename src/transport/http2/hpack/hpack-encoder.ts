import { ExtraFields } from "./extra-fields.js";
import { EncodedTemplate, type FieldTemplate } from "./field-template.js";
import type { Fields } from "./header-block.js";
import { maxIntegerBytes } from "./integer.js";
import { writeSizeUpdate } from "./representation.js";
import { SentTable } from "./sent-table.js";
import { literalBound } from "./string-literal.js";

export interface HpackEncoderOptions {
  /** How large a dynamic table we use where the peer allows it. Default, and most: 4096. */
  readonly maxTableBytes?: number;
  /** Fields that nobody may ever index, see `sensitiveFields()`. Default: those of credentials and cookies. */
  readonly sensitive?: ReadonlySet<string>;
}

/** How large a table is before anybody has said anything (RFC 9113 §6.5.2), and what we make do with. */
const mostTableBytes = 4096;

/** RFC 7541 §7.1.3 names the first and the third; the others are the same thing in the other direction. */
const credentials: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** Fields, in lower case, that nobody may ever index, with those of credentials and cookies. Made once for many encoders. */
export function sensitiveFields(names: readonly string[]): ReadonlySet<string> {
  return names.length === 0 ? credentials : new Set([...credentials, ...names]);
}

/**
 * Writes the header blocks of one connection, in the order they are sent: one direction of RFC 7541.
 *
 * Fields of templates have entries while there is room in three quarters of the table, extra fields that repeat while
 * there is in the last (at most four values a name, for others the name alone). Nothing in use is pushed out, so a block
 * is a copy of a few bytes. What finds no room goes as literals; once 256 blocks had such, the next of them may push the
 * oldest entries out: what is used most gets in soonest, and a table too small for all changes seldom.
 */
export class HpackEncoder {
  readonly #ceiling: number;
  readonly #sensitive: ReadonlySet<string>;
  readonly #table = new SentTable(mostTableBytes);
  readonly #extra: ExtraFields;
  /** The size the table shall have from the next block on, and the smallest it was to have since the last. */
  #wantedBytes: number;
  #smallestBytes: number;

  constructor(options: HpackEncoderOptions = {}) {
    this.#ceiling = Math.min(options.maxTableBytes ?? mostTableBytes, mostTableBytes);
    this.#sensitive = options.sensitive ?? credentials;
    this.#extra = new ExtraFields(this.#table, this.#sensitive);
    this.#wantedBytes = this.#ceiling;
    this.#smallestBytes = this.#ceiling;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: the next block says what we make of it. */
  setMaxTableBytes(bytes: number): void {
    this.#wantedBytes = Math.min(bytes, this.#ceiling);
    this.#smallestBytes = Math.min(this.#smallestBytes, this.#wantedBytes);
  }

  /** Fields that are sent again and again, such as those of a method. */
  template(fields: Fields): FieldTemplate {
    return new EncodedTemplate(fields, this.#sensitive, this.#table);
  }

  /** No block of these is longer, in bytes. */
  bound(template: FieldTemplate, extra: Fields): number {
    // Two size updates in front, and the first byte of each field with its index.
    let bytes = (2 + extra.length / 2) * maxIntegerBytes + (template as EncodedTemplate).maxBytes;
    for (let i = 0; i < extra.length; i++) bytes += literalBound(extra[i] as string);
    return bytes;
  }

  /**
   * Writes one block at `at`, where `target` has room for `bound`: the template's fields, then the extra ones.
   * @returns the end of the block
   */
  encode(template: FieldTemplate, extra: Fields, target: Buffer, at: number): number {
    const { maxBytes } = this.#table;
    if (this.#wantedBytes !== maxBytes || this.#smallestBytes !== maxBytes) at = this.#resize(target, at);
    at = (template as EncodedTemplate).write(target, at);
    for (let i = 0; i < extra.length; i += 2) {
      at = this.#extra.write(extra[i] as string, extra[i + 1] as string, target, at);
    }
    return at;
  }

  /** A table that shrank and grew again says both, so that the peer drops the same entries (RFC 7541 §4.2). */
  #resize(target: Buffer, at: number): number {
    for (const bytes of [this.#smallestBytes, this.#wantedBytes]) {
      if (bytes === this.#table.maxBytes) continue;
      this.#table.resize(bytes);
      at = writeSizeUpdate(bytes, target, at);
    }
    this.#smallestBytes = this.#wantedBytes;
    return at;
  }
}
