import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Appendable } from "./journal.js";

export interface RotatingFileOptions {
  /** Made where it is not there, for its owner only. */
  readonly folder: string;
  /** How the names of the files begin. */
  readonly name: string;
  /** A file that would become larger is followed by a new one. */
  readonly maxBytes: number;
  /** Called before each file that is made, when the folder is there. */
  readonly makeRoom: () => Promise<void>;
}

/** Lines in files of limited size, which only their owner may read. A file is made when there is something to write. */
export class RotatingFile implements Appendable {
  readonly #options: RotatingFileOptions;
  #number = 0;
  #handle: FileHandle | undefined;
  #bytes = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** All of it goes into one file. @throws Error where it cannot be written; the next call begins a new file */
  async append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) await this.close();
    try {
      this.#handle ??= await this.#open();
      await this.#handle.appendFile(text);
      this.#bytes += bytes;
    } catch (reason) {
      await this.close().catch(() => {}); // what it fails with says less than the reason
      throw reason;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#bytes = 0;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    const { folder, name, makeRoom } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await makeRoom();
    for (;;) {
      this.#number++;
      const path = join(folder, this.#number === 1 ? `${name}.jsonl` : `${name}.${this.#number}.jsonl`);
      try {
        return await open(path, "ax", 0o600); // never somebody else's, nor through a link
      } catch (reason) {
        if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
      }
    }
  }
}
