import type { Instance, Logger } from "../../contract/contract.js";
import type { Feed } from "../service-view.js";
import type { Keys } from "./layout.js";
import type { RangeObserver } from "./range-watch.js";

interface Parsed {
  readonly value: Buffer;
  /** None where the value is no instance. */
  readonly instances: readonly Instance[];
}

/** Makes snapshots of a service's keys. Parses a value once; one that is no instance is left out, and logged once. */
export class Discovery implements RangeObserver {
  readonly #feed: Feed;
  readonly #keys: Keys;
  readonly #logger: Logger;
  #parsed = new Map<string, Parsed>();

  constructor(feed: Feed, keys: Keys, logger: Logger) {
    this.#feed = feed;
    this.#keys = keys;
    this.#logger = logger;
  }

  changed(values: ReadonlyMap<string, Buffer>): void {
    const parsed = new Map<string, Parsed>();
    for (const [key, value] of values) {
      const known = this.#parsed.get(key);
      parsed.set(key, known?.value.equals(value) ? known : { value, instances: this.#parse(key, value) });
    }
    this.#parsed = parsed;
    this.#feed.publish([...parsed.values()].flatMap(({ instances }) => instances));
  }

  away(): void {
    this.#feed.markStale();
  }

  #parse(key: string, value: Buffer): readonly Instance[] {
    return parseInstances(this.#keys, key, value, this.#logger);
  }
}

/** None, and a warning, for a value that is no instance. */
export function parseInstances(keys: Keys, key: string, value: Buffer, logger: Logger): readonly Instance[] {
  try {
    return keys.decode(key, value);
  } catch (err) {
    logger.warn({ err, key, value: value.toString().slice(0, 200) }, "left out of the registry: no instance");
    return [];
  }
}
