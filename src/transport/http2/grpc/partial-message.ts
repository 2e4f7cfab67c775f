import type { Receiving } from "../flow-control/receiving.js";
import { messagePrefixBytes } from "../flow-control/send-queue.js";

/** Where its word is not taken for its length, a message takes memory as it comes: this much at first. */
const firstBytes = 64 * 1024;

/** A message of which a part has come: its prefix, and then as much memory as the connection may spend on it. */
export class PartialMessage {
  /** The prefix and what follows it; may be longer than what there is of them. */
  bytes: Buffer = Buffer.alloc(0);
  readonly #receiving: Receiving;
  /** Whether it is known how long it is; until then the prefix is all of it. */
  #expected = false;
  #total = messagePrefixBytes;
  #filled = 0;

  constructor(receiving: Receiving) {
    this.#receiving = receiving;
  }

  /** With its prefix, in bytes. */
  get total(): number {
    return this.#total;
  }

  /** The prefix is here, and nobody has read it yet. */
  get prefixed(): boolean {
    return !this.#expected && this.#filled === messagePrefixBytes;
  }

  get complete(): boolean {
    return this.#expected && this.#filled === this.#total;
  }

  /** @param length of the message, as its prefix says */
  expect(length: number): void {
    this.#expected = true;
    this.#total = messagePrefixBytes + length;
  }

  /** Takes what there is for it. Returns up to where; -1 where the connection holds too much already. */
  take(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#filled < this.#total) {
      if (this.#filled === this.bytes.length && !this.#grow()) return -1;
      const taken = bytes.copy(this.bytes, this.#filled, at, Math.min(end, at + this.#total - this.#filled));
      this.#filled += taken;
      at += taken;
    }
    return at;
  }

  release(): void {
    this.#receiving.letGo(this.bytes.length);
  }

  #grow(): boolean {
    const size = this.#nextBytes();
    if (!this.#receiving.hold(size - this.bytes.length)) return false;
    const grown = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(grown, 0, 0, this.#filled);
    this.bytes = grown;
    return true;
  }

  #nextBytes(): number {
    const rest = this.#total - messagePrefixBytes;
    if (this.bytes.length > messagePrefixBytes) return Math.min(this.#total, 4 * this.bytes.length);
    return messagePrefixBytes + (this.#receiving.trusts(rest) ? rest : Math.min(rest, firstBytes));
  }
}
