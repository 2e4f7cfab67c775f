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
  #values: Map<ContextKey<unknown>, unknown> | undefined;

  get<T>(key: ContextKey<T>): T {
    const values = this.#values;
    return values?.has(key as ContextKey<unknown>) ? (values.get(key as ContextKey<unknown>) as T) : key.initial;
  }

  set<T>(key: ContextKey<T>, value: T): void {
    this.#values ??= new Map();
    this.#values.set(key as ContextKey<unknown>, value);
  }
}
