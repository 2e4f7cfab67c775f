/**
 * What waits to be sent on a stream, oldest first. Bounded: where its reader is slow the oldest are dropped and counted, so
 * that nobody who watches costs the supervisor memory. To be read once.
 */
export class Outbox<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #entries: T[] = [];
  #dropped = 0;
  #over = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param limit how many may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  push(entry: T): void {
    if (this.#over) return;
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) {
      this.#entries.shift();
      this.#dropped++;
    }
    this.#wake?.();
  }

  /** The reader gets what waits, then its end, or the failure. The first word counts. */
  end(failure?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      while (this.#entries.length > 0) yield this.#entries.shift() as T;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#over) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Ends the outbox when one of the signals aborts. @returns lets go of the signals */
export function endAt(outbox: Outbox<unknown>, signals: readonly AbortSignal[]): () => void {
  const end = (): void => outbox.end();
  for (const signal of signals) {
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
  }
  return () => {
    for (const signal of signals) signal.removeEventListener("abort", end);
  };
}
