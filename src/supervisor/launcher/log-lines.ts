import { StringDecoder } from "node:string_decoder";

/** A longer line is cut here, in UTF-16 units. */
export const longestLine: number = 64 * 1024;
export const cutMark = " … [cut: a line of more than 64 KiB]";

/** Turns the bytes of one stream into lines, however they are sliced on the way. */
export class LogLines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #tell: (line: string) => void;
  /** What is there of the line that has not ended yet. */
  #begun = "";
  /** The line that has not ended yet was told of, cut; the rest of it is dropped. */
  #cutting = false;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(bytes: Buffer): void {
    this.#take(this.#decoder.write(bytes));
  }

  /** The stream has ended: what is left is a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#begun !== "") this.#tell(this.#begun);
    this.#begun = "";
  }

  #take(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#finish(text.slice(from, end));
      from = end + 1;
    }
    this.#begin(text.slice(from));
  }

  #finish(rest: string): void {
    this.#begin(rest);
    if (!this.#cutting) this.#tell(this.#begun.endsWith("\r") ? this.#begun.slice(0, -1) : this.#begun);
    this.#begun = "";
    this.#cutting = false;
  }

  #begin(text: string): void {
    if (this.#cutting || text === "") return;
    this.#begun += text;
    if (this.#begun.length <= longestLine) return;
    this.#tell(this.#begun.slice(0, longestLine) + cutMark);
    this.#begun = "";
    this.#cutting = true;
  }
}
