import type { Logger } from "../../contract/contract.js";
import type { StopTime } from "../stop-time.js";

export type Task = (signal: AbortSignal) => Promise<unknown>;

export interface BackgroundTasksOptions {
  readonly logger: Logger;
  /** A task failed before it was asked to end. */
  readonly onFailure: (error: Error) => void;
}

interface NamedTask {
  readonly name: string;
  readonly task: Task;
}

/** What a service does beside its calls. */
export class BackgroundTasks {
  readonly #options: BackgroundTasksOptions;
  readonly #waiting: NamedTask[] = [];
  readonly #running = new Map<NamedTask, Promise<void>>();
  readonly #stop = new AbortController();
  #started = false;

  constructor(options: BackgroundTasksOptions) {
    this.#options = options;
  }

  /** Before the start it waits for that; after the stop it is not begun. */
  add(name: string, task: Task): void {
    if (this.#started) this.#run({ name, task });
    else this.#waiting.push({ name, task });
  }

  start(): void {
    this.#started = true;
    for (const each of this.#waiting.splice(0)) this.#run(each);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when all have ended, or are not worth waiting for any longer. */
  async ended(stop: StopTime): Promise<void> {
    if (this.#running.size === 0 || (await stop.ends(Promise.all(this.#running.values())))) return;
    const tasks = [...this.#running.keys()].map(({ name }) => name);
    this.#options.logger.error({ tasks }, `background tasks do not end; left behind: ${tasks.join(", ")}`);
  }

  #run(each: NamedTask): void {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const run = async (): Promise<void> => {
      try {
        await each.task(signal);
      } catch (cause) {
        if (!signal.aborted) this.#options.onFailure(failed(each, cause));
      } finally {
        this.#running.delete(each);
      }
    };
    const running = run();
    this.#running.set(each, running);
  }
}

function failed({ name }: NamedTask, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`the background task "${name}" failed: ${why}`, { cause });
}
