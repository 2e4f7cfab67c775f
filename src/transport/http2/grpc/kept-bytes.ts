/** Bytes that are kept may keep so many times as many with them. */
const worthHolding = 4;

/** Small parts are kept together, in pages of so many bytes. */
const pageBytes = 4096;

/** Parts of what came, until they can be read: in their order, and holding on to little more than themselves. */
export class KeptBytes {
  readonly #parts: Buffer[] = [];
  /** Behind the last of them, where more can be put. */
  #room = 0;
  #from = 0;

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** The part to be read next. */
  get first(): Buffer {
    return this.#parts[0] as Buffer;
  }

  /** Where in the first part what has not been read begins. */
  get from(): number {
    return this.#from;
  }

  /** What is a small part of what came with it is copied, next to what was before: it shall not hold on to all of that. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length * worthHolding >= bytes.length) {
      this.#parts.push(bytes.subarray(start, end));
      this.#room = 0;
      return;
    }
    const last = this.#parts.at(-1);
    if (last !== undefined && length <= this.#room) {
      const grown = Buffer.from(last.buffer, last.byteOffset, last.length + length);
      bytes.copy(grown, last.length, start, end);
      this.#parts[this.#parts.length - 1] = grown;
      this.#room -= length;
      return;
    }
    const page = Buffer.allocUnsafeSlow(Math.max(pageBytes, length));
    bytes.copy(page, 0, start, end);
    this.#parts.push(page.subarray(0, length));
    this.#room = page.length - length;
  }

  /** The first part has been read up to there; one that has been read whole is let go. */
  readTo(at: number): void {
    this.#from = at;
    if (at < this.first.length) return;
    this.#parts.shift();
    this.#from = 0;
    if (this.empty) this.#room = 0;
  }
}
