/** The last lines somebody wrote: so many, and so long together, at most. */
export class LogRing<T extends { readonly text: string }> {
  readonly #maxLines: number;
  readonly #maxLength: number;
  /** Oldest first, from `#first` on; the empty places before are swept now and then. */
  #lines: (T | undefined)[] = [];
  #first = 0;
  #length = 0;

  constructor(maxLines: number, maxLength: number = 1024 * 1024) {
    this.#maxLines = maxLines;
    this.#maxLength = maxLength;
  }

  push(line: T): void {
    this.#lines.push(line);
    this.#length += line.text.length;
    while (this.#lines.length - this.#first > this.#maxLines || this.#length > this.#maxLength) {
      this.#length -= (this.#lines[this.#first] as T).text.length;
      this.#lines[this.#first++] = undefined; // long before the sweep, where lines are long
    }
    if (this.#first < this.#maxLines) return;
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }

  /** Oldest first. */
  list(): readonly T[] {
    return this.#lines.slice(this.#first) as T[];
  }
}
