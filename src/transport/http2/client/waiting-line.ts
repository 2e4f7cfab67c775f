/** First come, first served; who leaves from the middle costs no more than who is served, and nothing is kept of either. */
export class WaitingLine<T> {
  /** While anybody waits. */
  #places: Map<T, Place<T>> | undefined;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get length(): number {
    return this.#places?.size ?? 0;
  }

  /** @param waiter one that does not wait yet */
  push(waiter: T): void {
    const place: Place<T> = { waiter, before: this.#last, behind: undefined };
    this.#places ??= new Map();
    this.#places.set(waiter, place);
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
  }

  /** Does nothing where it does not wait. */
  remove(waiter: T): void {
    const place = this.#places?.get(waiter);
    if (place !== undefined) this.#leave(place);
  }

  shift(): T | undefined {
    const place = this.#first;
    if (place !== undefined) this.#leave(place);
    return place?.waiter;
  }

  #leave({ waiter, before, behind }: Place<T>): void {
    this.#places?.delete(waiter);
    if (this.#places?.size === 0) this.#places = undefined;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
  }
}

/** Its own links, and not the order of a `Set`: an iterator that is kept keeps every table the set ever had. */
interface Place<T> {
  readonly waiter: T;
  before: Place<T> | undefined;
  behind: Place<T> | undefined;
}
