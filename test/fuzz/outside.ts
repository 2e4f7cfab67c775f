/** Hears what code under test lets fly where nobody catches it. */
export class Outside {
  readonly #heard: unknown[] = [];
  readonly #listener = (reason: unknown): void => void this.#heard.push(reason);

  constructor() {
    process.on("uncaughtException", this.#listener);
    process.on("unhandledRejection", this.#listener);
  }

  /** @throws for what was heard since the last time */
  check(): void {
    if (this.#heard.length === 0) return;
    const [first] = this.#heard.splice(0);
    const what = first instanceof Error ? (first.stack ?? first.message) : String(first);
    throw new Error(`flew to the outside: ${what}`);
  }

  close(): void {
    process.off("uncaughtException", this.#listener);
    process.off("unhandledRejection", this.#listener);
  }
}
