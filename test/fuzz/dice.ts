/** Chance that can be repeated: the same throws for the same seed. Numbers as `seededRandom()` makes them. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The dice of one input of a campaign: whoever knows the three can make it again, without those before it. */
  static of(seed: number, target: string, index: number): Dice {
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
    for (let at = 0; at < target.length; at++) mixed = Math.imul(mixed ^ target.charCodeAt(at), 0x01000193);
    const dice = new Dice(mixed);
    dice.#next();
    return dice;
  }

  /** 0 to `sides` − 1. */
  int(sides: number): number {
    return Math.floor((this.#next() / 2 ** 32) * sides);
  }

  /** Mostly small, now and then up to `most`. */
  small(most: number): number {
    return this.int(this.int(most + 1) + 1);
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = this.#next() >>> 24;
    return bytes;
  }

  /** The bytes in pieces, cut anywhere: none, one by one, or in a few. */
  cut(bytes: Buffer): Buffer[] {
    const way = this.int(8);
    if (way === 0 && bytes.length < 400) return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    if (way < 4 || bytes.length < 2) return [bytes];
    const pieces: Buffer[] = [];
    const longest = 1 + this.int(way < 6 ? 20 : bytes.length);
    for (let at = 0; at < bytes.length; ) {
      const end = pieces.length > 200 ? bytes.length : Math.min(bytes.length, at + 1 + this.int(longest));
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
