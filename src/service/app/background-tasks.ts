import type { Logger } from "../../contract/contract.js";
import { type Clock, sleep } from "../../time/time.js";

export type Task = (signal: AbortSignal) => Promise<unknown>;

export interface BackgroundTasksOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long a task may take to end once it was asked to, in ms. */
  readonly graceMs: number;
  /** A task failed before it was asked to end. */
  readonly onFailure: (error: Error) => void;
}

/** What a service does beside its calls. */
export class BackgroundTasks {
  readonly #options: BackgroundTasksOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #started = false;

  constructor(options: BackgroundTasksOptions) {
    this.#options = options;
  }

  add(name: string, task: Task): void {
    this.#tasks.set(name, task);
    if (this.#started) this.#run(name, task);
  }

  start(): void {
    this.#started = true;
    for (const [name, task] of this.#tasks) this.#run(name, task);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when all have ended, or are not worth waiting for any longer. */
  async ended(): Promise<void> {
    const { clock, graceMs, logger } = this.#options;
    const patience = new AbortController();
    const tooLong = sleep(clock, graceMs, patience.signal).then(() => {
      if (this.#running.size === 0) return;
      logger.error(
        { tasks: [...this.#running.keys()] },
        `background tasks do not end; left behind after ${graceMs} ms`,
      );
    });
    await Promise.race([Promise.all(this.#running.values()), tooLong]);
    patience.abort();
  }

  #run(name: string, task: Task): void {
    const { signal } = this.#stop;
    const run = async (): Promise<void> => {
      try {
        await task(signal);
      } catch (cause) {
        if (!signal.aborted) this.#options.onFailure(new Error(`the background task "${name}" failed`, { cause }));
      } finally {
        this.#running.delete(name);
      }
    };
    this.#running.set(name, run());
  }
}
