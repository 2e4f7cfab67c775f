/**
 * The listeners to one kind of news. A listener that throws stops nothing: the other listeners are called, it is called
 * the next time, and its first failure becomes a warning of this process (`process.on("warning")`, by default on stderr).
 */
export class Listeners<T> {
  readonly #of: string;
  readonly #all = new Set<(told: T) => void>();
  readonly #broken = new WeakSet<(told: T) => void>();

  /** @param of what they listen to, for the warning */
  constructor(of: string) {
    this.#of = of;
  }

  /** @returns takes it away again */
  add(listener: (told: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(told: T): void {
    for (const listener of this.#all) {
      try {
        listener(told);
      } catch (reason) {
        if (!this.#broken.has(listener)) this.#warn(reason);
        this.#broken.add(listener);
      }
    }
  }

  clear(): void {
    this.#all.clear();
  }

  #warn(reason: unknown): void {
    const detail = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    const message = `a listener to ${this.#of} throws; it is told on, and not warned of again`;
    process.emitWarning(message, { type: "SupervisorWarning", detail });
  }
}
