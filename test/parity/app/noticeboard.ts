/** What a station remembers of its calls, by subject; who asks for something to come waits for it. */
export class Noticeboard {
  readonly #notes = new Map<string, string[]>();
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  note(subject: string, what: string): void {
    this.#notes.set(subject, [...(this.#notes.get(subject) ?? []), what]);
    for (const look of [...this.#waiting]) look();
  }

  /** All that was noted of a subject, once `what` is among it. */
  noted(subject: string, what: string): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const notes = this.#notes.get(subject) ?? [];
        if (!notes.includes(what)) return;
        this.#waiting.delete(look);
        resolve(notes.join(", "));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** How often this was asked before. */
  count(subject: string): number {
    const before = this.counted(subject);
    this.#counts.set(subject, before + 1);
    return before;
  }

  counted(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }
}
