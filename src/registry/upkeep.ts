import { type KeepTryingOptions, keepTrying } from "./keep-trying.js";

/** As for `keepTrying()`, to which an upkeep gives a signal of its own. */
export type UpkeepOptions = Omit<KeepTryingOptions, "signal">;

/** Keeps a piece of work up from `start()` to `close()`, by `keepTrying()`: a `Follower` has one, and a `Keeper`. */
export class Upkeep {
  readonly #controller = new AbortController();
  #running: Promise<void> | undefined;

  /** Aborts at `close()`. It is up to the work to hear it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `close()` has been called. */
  get closing(): boolean {
    return this.signal.aborted;
  }

  /** Does nothing where it has been started before, or closed. */
  start(work: (well: () => void) => Promise<void>, options: UpkeepOptions): void {
    this.#running ??= keepTrying(work, { ...options, signal: this.signal });
  }

  /** Resolves once the last run has ended. */
  async close(): Promise<void> {
    this.#controller.abort();
    await this.#running;
  }
}
