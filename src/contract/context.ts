/**
 * Names one value that travels with a call inside this process, with its type and its default.
 *
 * @example const tenant = new ContextKey<string>("tenant", "nobody");
 */
export class ContextKey<T> {
  readonly name: string;
  readonly initial: T;

  constructor(name: string, initial: T) {
    this.name = name;
    this.initial = initial;
  }
}

/** What middleware and handlers tell each other about one call. Never leaves the process: for that there is metadata. */
export class ContextValues {
  /** Most calls have one value at most: a map is for the others. */
  #first: unknown;
  #firstKey: ContextKey<unknown> | undefined;
  #others: Map<ContextKey<unknown>, unknown> | undefined;

  get<T>(of: ContextKey<T>): T {
    const key = of as ContextKey<unknown>;
    if (key === this.#firstKey) return this.#first as T;
    const others = this.#others;
    return others?.has(key) ? (others.get(key) as T) : of.initial;
  }

  set<T>(of: ContextKey<T>, value: T): void {
    const key = of as ContextKey<unknown>;
    this.#firstKey ??= key;
    if (key === this.#firstKey) {
      this.#first = value;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(key, value);
  }
}
