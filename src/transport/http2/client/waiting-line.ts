/** First come, first served; who leaves from the middle costs no more than who is served. */
export class WaitingLine<T> {
  readonly #waiting = new Set<T>();
  /** Kept from one `shift()` to the next: each new one would walk over all who have gone. */
  #order: Iterator<T, undefined> | undefined;

  get length(): number {
    return this.#waiting.size;
  }

  push(waiter: T): void {
    this.#waiting.add(waiter);
  }

  /** Does nothing where it does not wait. */
  remove(waiter: T): void {
    this.#waiting.delete(waiter);
  }

  shift(): T | undefined {
    this.#order ??= this.#waiting.values();
    const { done, value } = this.#order.next();
    if (done === true) {
      this.#order = undefined;
      return undefined;
    }
    this.#waiting.delete(value);
    return value;
  }
}
