import type { Instance, Logger } from "../../contract/contract.js";
import type { Feed } from "../snapshots.js";
import type { Keys } from "./keys.js";
import type { RangeObserver } from "./range-watch.js";

interface Parsed {
  readonly value: Buffer;
  /** Undefined where the value is no instance. */
  readonly instance: Instance | undefined;
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
      parsed.set(key, known?.value.equals(value) ? known : { value, instance: this.#parse(key, value) });
    }
    this.#parsed = parsed;
    this.#feed.publish([...parsed.values()].flatMap(({ instance }) => instance ?? []));
  }

  away(): void {
    this.#feed.markStale();
  }

  #parse(key: string, value: Buffer): Instance | undefined {
    return parseInstance(this.#keys, key, value, this.#logger);
  }
}

/** Undefined, and a warning, for a value that is no instance. */
export function parseInstance(keys: Keys, key: string, value: Buffer, logger: Logger): Instance | undefined {
  try {
    return keys.decode(key, value);
  } catch (err) {
    logger.warn({ err, key, value: value.toString().slice(0, 200) }, "left out of the registry: no instance");
    return undefined;
  }
}
