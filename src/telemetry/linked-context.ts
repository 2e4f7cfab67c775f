import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";

/** So many values lie one behind the other before they are gathered: who nests without end makes no endless chain. */
const longestChain = 8;

/** One value more than another context, which it refers to; the API's own copies all values for each that is set. */
class LinkedContext implements Context {
  readonly #base: Context;
  readonly #key: symbol | undefined;
  readonly #value: unknown;
  readonly #length: number;

  constructor(base: Context, key?: symbol, value?: unknown) {
    this.#base = base;
    this.#key = key;
    this.#value = value;
    this.#length = base instanceof LinkedContext ? base.#length + 1 : 0;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LinkedContext(this.#length < longestChain ? this : this.#gathered(), key, value);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  #gathered(): Context {
    const base = this.#base instanceof LinkedContext ? this.#base.#gathered() : this.#base;
    return this.#key === undefined ? base : base.setValue(this.#key, this.#value);
  }
}

/** The root, for calls: what is derived from it is derived cheaply. Equal to `ROOT_CONTEXT` in all but identity. */
export const rootOfCalls: Context = new LinkedContext(ROOT_CONTEXT);

/** The same context, to be derived from. */
export function derivable(context: Context): Context {
  return context === ROOT_CONTEXT ? rootOfCalls : context;
}
