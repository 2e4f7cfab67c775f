import { indexed, integer, tableSize, text } from "../../support/http2/hpack.js";
import { staticFields } from "../../support/http2/hpack-tables.js";
import type { Dice } from "../dice.js";
import { huffmanText } from "./huffman.js";

/** A block of header fields such as no single encoder writes: every representation, at will (RFC 7541 §6). */
export class BlockWriter {
  /** The newest first. */
  readonly #entries: [name: string, value: string][] = [];
  #maxBytes = 4096;

  /** @param resizes whether the table's size may change in front of it. Default: now and then. */
  write(dice: Dice, fields: readonly (readonly [string, string])[], resizes: boolean = dice.chance(0.1)): Buffer {
    const parts: Buffer[] = [];
    if (resizes) parts.push(this.#resize(dice));
    for (const [name, value] of fields) parts.push(this.#field(dice, name, value));
    return Buffer.concat(parts);
  }

  #field(dice: Dice, name: string, value: string): Buffer {
    const whole = this.#find((entry) => entry[0] === name && entry[1] === value);
    if (whole > 0 && dice.chance(0.8)) return indexed(whole);
    const [prefix, bits] = dice.pick([
      [0x40, 6],
      [0x40, 6],
      [0x00, 4],
      [0x10, 4],
    ] as const);
    const known = this.#find((entry) => entry[0] === name);
    const head =
      known > 0 && dice.chance(0.7)
        ? integer(known, bits, prefix)
        : Buffer.concat([Buffer.of(prefix), string(dice, name)]);
    if (prefix === 0x40) this.#add(name, value);
    return Buffer.concat([head, string(dice, value)]);
  }

  #find(is: (entry: readonly [string, string]) => boolean): number {
    const dynamic = this.#entries.findIndex(is);
    return dynamic >= 0 ? dynamic + 1 + staticFields.length : staticFields.findIndex(is) + 1;
  }

  #resize(dice: Dice): Buffer {
    this.#maxBytes = dice.pick([0, 64, 200, 4096]);
    this.#evict();
    return tableSize(this.#maxBytes);
  }

  #add(name: string, value: string): void {
    this.#entries.unshift([name, value]);
    this.#evict();
  }

  #evict(): void {
    const bytes = (): number => this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (this.#entries.length > 0 && bytes() > this.#maxBytes) this.#entries.pop();
  }
}

function string(dice: Dice, value: string): Buffer {
  return value.length > 30 || dice.chance(0.5) ? text(value) : huffmanText(value);
}
