import { isUtf8 } from "node:buffer";
import type { Instance, Logger, RegistryMonitor } from "../../../contract/contract.js";
import type { Feed } from "../../service-view.js";
import type { Entry } from "../api.js";
import type { Keys } from "../layout.js";
import type { RangeObserver } from "./range-watch.js";

interface Parsed {
  readonly value: Buffer;
  /** None where the value is no instance. */
  readonly instances: readonly Instance[];
}

export interface DiscoveryOptions {
  readonly keys: Keys;
  readonly maxValueBytes: number;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/**
 * Makes snapshots of a service's keys. Parses a value once; one that is no instance is left out, and logged once. That
 * nobody is left is believed only when etcd has said it twice.
 */
export class Discovery implements RangeObserver {
  readonly #feed: Feed;
  readonly #options: DiscoveryOptions;
  readonly #leftOut = new Complaints();
  #parsed = new Map<string, Parsed>();
  #hadAny = false;

  constructor(feed: Feed, options: DiscoveryOptions) {
    this.#feed = feed;
    this.#options = options;
  }

  changed(entries: ReadonlyMap<string, Entry>, changes: number): void {
    const instances = this.#instances(entries);
    this.#hadAny = instances.length > 0;
    if (changes > 0) this.#options.monitor({ type: "changes", service: this.#feed.service, count: changes });
    this.#feed.publish(instances);
  }

  away(): void {
    this.#feed.markStale();
  }

  confirmed(): void {
    this.#feed.confirm();
  }

  restarted(): void {
    this.#options.monitor({ type: "watch-restart", service: this.#feed.service });
  }

  doubts(entries: ReadonlyMap<string, Entry>): boolean {
    return this.#hadAny && this.#instances(entries).length === 0;
  }

  #instances(entries: ReadonlyMap<string, Entry>): readonly Instance[] {
    const parsed = new Map<string, Parsed>();
    for (const [key, { value }] of entries) {
      const known = this.#parsed.get(key);
      parsed.set(key, known?.value.equals(value) ? known : { value, instances: this.#parse(key, value) });
    }
    this.#parsed = parsed;
    return [...parsed.values()].flatMap(({ instances }) => instances);
  }

  #parse(key: string, value: Buffer): readonly Instance[] {
    return parseInstances(key, value, this.#options, (err) => {
      if (!this.#leftOut.isNew(key, value)) return;
      const shown = value.subarray(0, 200).toString();
      this.#options.logger.warn({ err, key, value: shown }, "left out of the registry: no instance");
    });
  }
}

/** None for a value that is no instance. @param leftOut is told why */
export function parseInstances(
  key: string,
  value: Buffer,
  { keys, maxValueBytes }: Pick<DiscoveryOptions, "keys" | "maxValueBytes">,
  leftOut: (reason: unknown) => void = () => {},
): readonly Instance[] {
  try {
    if (value.length > maxValueBytes) {
      throw new RangeError(`it is ${value.length} bytes long; ${maxValueBytes} are allowed (maxValueBytes)`);
    }
    if (!isUtf8(value)) throw new TypeError("it is not UTF-8");
    return keys.decode(key, value);
  } catch (reason) {
    leftOut(reason);
    return [];
  }
}

const longestMemory = 1_000;

/** What has been complained of, so that it is not again when it is seen once more. Forgets the oldest. */
class Complaints {
  readonly #values = new Map<string, Buffer>();

  isNew(key: string, value: Buffer): boolean {
    if (this.#values.get(key)?.equals(value)) return false;
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > longestMemory && oldest !== undefined) this.#values.delete(oldest);
    return true;
  }
}
