import type { Closeable, Logger } from "../../contract/contract.js";
import { type Clock, sleep } from "../../time/time.js";

/** Something to write down: it is made a line of text when its turn comes. */
export interface Entry {
  /** About how much memory it holds while it waits. */
  readonly bytes: number;
  line(): string;
}

/** Where the lines go. */
export interface Appendable {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly file: Appendable;
  /** More than this does not wait to be written: what comes then is dropped, and counted. */
  readonly maxPendingBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How long entries wait for others: a write of many costs little more than a write of one. */
const collectMs = 100;

/** One write is of at most so much: in between the process does its work. */
const batchEntries = 256;
const batchBytes = 1024 * 1024;

/** How long nothing is tried after a write failed. */
const retryMs = 10_000;

/** Writes entries in their order, a little after they came, and rather drops some than let anybody wait. Never fails. */
export class Journal implements Closeable {
  readonly #options: JournalOptions;
  readonly #pending: Entry[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Aborts where nothing more comes. */
  readonly #hurry = new AbortController();
  #retryAtMs = 0;
  /** Since the last time all was well. */
  #dropped = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  add(entry: Entry): void {
    if (this.#closing !== undefined) return;
    const { clock, maxPendingBytes, logger } = this.#options;
    if (clock.now() < this.#retryAtMs) {
      this.#dropped++;
    } else if (this.#pendingBytes + entry.bytes > maxPendingBytes) {
      if (this.#dropped++ === 0)
        logger.warn({ pending: this.#pending.length }, "recording falls behind: calls are dropped");
    } else {
      this.#pending.push(entry);
      this.#pendingBytes += entry.bytes;
      this.#writing ??= this.#write();
    }
  }

  /** Resolves when all that was added has been written. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write(): Promise<void> {
    await sleep(this.#options.clock, collectMs, this.#hurry.signal);
    while (this.#pending.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#options.file.append(batch.map((entry) => entry.line()).join(""));
      } catch (err) {
        this.#failed(err, batch.length);
      }
    }
    this.#writing = undefined;
    if (this.#options.clock.now() >= this.#retryAtMs) this.#tellDropped();
  }

  #nextBatch(): readonly Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#pending) {
      if (count > 0 && (count === batchEntries || bytes + entry.bytes > batchBytes)) break;
      bytes += entry.bytes;
      count++;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }

  #failed(err: unknown, count: number): void {
    const { logger, clock } = this.#options;
    this.#dropped += count + this.#pending.length;
    this.#pending.length = 0;
    this.#pendingBytes = 0;
    this.#retryAtMs = clock.now() + retryMs;
    logger.error({ err, retry_in_ms: retryMs }, "calls cannot be recorded");
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.#options.logger.warn({ dropped: this.#dropped }, "calls were not recorded");
    this.#dropped = 0;
  }

  async #close(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
    this.#tellDropped();
    await this.#options.file.close().catch((err: unknown) => {
      this.#options.logger.error({ err }, "a recording could not be closed");
    });
  }
}
