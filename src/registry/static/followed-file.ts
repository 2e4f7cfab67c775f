import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Clock, sleep } from "../../time/time.js";
import { Wakeup } from "../wakeup.js";

export interface FollowedFileOptions {
  readonly clock: Clock;
  readonly pollMs: number;
  /**
   * Reads the file, at the start and whenever it may have changed. What it answers is called where the file has stood still
   * meanwhile. Must not throw.
   */
  readonly read: () => Promise<() => void>;
  /** Called when a look has shown that nothing has changed. */
  readonly unchanged: () => void;
  /** Tells of changes in a folder, where the system can. Default: `fs.watch`. */
  readonly watchFolder?: (folder: string, onChange: (name: string | null) => void) => { close(): void };
}

/** A file that has changed is believed once it has been still for so long: it may be in the middle of being written. */
const settleMs = 50;
/** Who never stops writing is believed all the same. */
const longestSettleMs = 2_000;

/**
 * Follows a file by name, whatever stands under it. The folder is watched, as files are replaced by others and Kubernetes
 * replaces what a link points to; and the file is looked at now and then, as some file systems do not tell of changes.
 */
export class FollowedFile {
  readonly #path: string;
  readonly #options: FollowedFileOptions;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  #running: Promise<void> | undefined;
  #watcher: { close(): void } | undefined;
  /** What the watcher watches, by inode: another folder may take its place. */
  #watched = "";
  #touched = false;

  constructor(path: string, options: FollowedFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  start(): void {
    this.#running = this.#follow();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    await this.#running;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    await this.#watchFolder();
    let seen = await this.#readStill(await signature(this.#path), 0);
    while (!signal.aborted) {
      await this.#rest();
      if (signal.aborted) return;
      await this.#watchFolder();
      const now = await signature(this.#path);
      if (now !== seen || this.#touched) seen = await this.#readStill(now, settleMs);
      else this.#options.unchanged();
    }
  }

  /** Until the folder changes, or it is time to look. */
  async #rest(): Promise<void> {
    const { clock, pollMs } = this.#options;
    await this.#wakeup.wait({ clock, ms: pollMs, background: true });
  }

  /** @returns the signature of what was read */
  async #readStill(first: string, waitMs: number): Promise<string> {
    const { clock, read } = this.#options;
    const { signal } = this.#closing;
    const untilMs = clock.now() + longestSettleMs;
    for (let before = first; ; ) {
      this.#touched = false;
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      const believe = await read();
      const now = await signature(this.#path);
      if (signal.aborted) return now;
      if ((now === before && !this.#touched) || clock.now() >= untilMs) {
        believe();
        return now;
      }
      before = now;
      waitMs = settleMs;
    }
  }

  async #watchFolder(): Promise<void> {
    const folder = dirname(this.#path);
    const now = (await signature(folder)).split(" ").slice(0, 2).join(" ");
    if (now === this.#watched && this.#watcher !== undefined) return;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = now;
    const name = basename(this.#path);
    const onChange = (changed: string | null) => {
      // Links of Kubernetes go through "..data", which is replaced; what else lies in the folder is no concern.
      if (changed !== null && changed !== name && !changed.startsWith("..")) return;
      this.#touched = true;
      this.#wakeup.wake();
    };
    try {
      this.#watcher = (this.#options.watchFolder ?? watchFolder)(folder, onChange);
    } catch {
      // There is no such folder, or the system has no watcher left: the looks now and then will do.
    }
  }
}

function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher {
  return watch(folder, { persistent: false }, (_, name) => onChange(name)).on("error", () => {}); // it was removed
}

/** Another where the file may have changed. */
async function signature(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return "";
  }
}
