/** The last lines somebody wrote: so many, and so long together, at most. */
export class LogRing<T extends { readonly text: string }> {
  readonly #maxLines: number;
  readonly #maxLength: number;
  /** Oldest first, from `#first` on; what lies before is gone and is swept now and then. */
  #lines: T[] = [];
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
      this.#length -= (this.#lines[this.#first++] as T).text.length;
    }
    if (this.#first < this.#maxLines) return;
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }

  /** Oldest first. */
  list(): readonly T[] {
    return this.#lines.slice(this.#first);
  }
}
