import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";

/**
 * What several processes have agreed on: a file of JSON lines that grows at its end. Everybody applies the same entries in
 * the same order, so everybody comes to the same state, and whoever is killed takes nothing along that was answered for.
 * It stands for the database a real shop has.
 */
export class Journal<Entry> implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #apply: (entry: Entry) => void;
  /** How much of the file has been applied, in bytes: whole lines only. */
  #applied = 0;
  #reading: Promise<void> = Promise.resolve();
  /** A reading that has not begun: whoever comes now can share it. */
  #next: Promise<void> | undefined;

  private constructor(file: FileHandle, apply: (entry: Entry) => void) {
    this.#file = file;
    this.#apply = apply;
  }

  static async open<Entry>(folder: string, name: string, apply: (entry: Entry) => void): Promise<Journal<Entry>> {
    await mkdir(folder, { recursive: true });
    return new Journal(await open(join(folder, `${name}.jsonl`), "a+"), apply);
  }

  /** Resolves once the entry and everything before it have been applied here. */
  async append(entry: Entry): Promise<void> {
    // One write at the end of the file: entries of different processes never mix.
    await this.#file.write(`${JSON.stringify(entry)}\n`);
    await this.catchUp();
  }

  /** Applies what others have written. */
  catchUp(): Promise<void> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => {});
      return reading;
    });
    return this.#next;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }

  async #read(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size <= this.#applied) return;
    const fresh = Buffer.alloc(size - this.#applied);
    const { bytesRead } = await this.#file.read(fresh, 0, fresh.length, this.#applied);
    const end = fresh.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    this.#applied += end;
    for (const line of fresh.toString("utf8", 0, end).split("\n")) if (line !== "") this.#apply(JSON.parse(line));
  }
}
