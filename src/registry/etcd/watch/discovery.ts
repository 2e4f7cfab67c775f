import { isUtf8 } from "node:buffer";
import type { Instance, Logger, RegistryMonitor } from "../../../contract/contract.js";
import { LeftOut } from "../../left-out.js";
import type { Feed } from "../../service-view.js";
import type { Entry } from "../api.js";
import type { Keys } from "../layout.js";
import type { RangeObserver } from "./range-observer.js";

interface Parsed {
  readonly value: Buffer;
  /** None where the value is no instance. */
  readonly instances: readonly Instance[];
  /** Why it is none, as in log lines. */
  readonly reason?: string;
}

export interface DiscoveryOptions {
  readonly keys: Keys;
  readonly maxValueBytes: number;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/**
 * Makes snapshots of a service's keys. Parses a value once; one that is no instance is left out, and of several keys of
 * one id all but the first, and each is logged once. That nobody is left is believed only when etcd has said it twice.
 */
export class Discovery implements RangeObserver {
  readonly #feed: Feed;
  readonly #options: DiscoveryOptions;
  readonly #leftOut: LeftOut;
  #parsed = new Map<string, Parsed>();
  #hadAny = false;

  constructor(feed: Feed, options: DiscoveryOptions) {
    this.#feed = feed;
    this.#options = options;
    this.#leftOut = new LeftOut(options.logger, { service: feed.service });
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
      parsed.set(key, known?.value.equals(value) ? known : this.#parse(key, value));
    }
    this.#parsed = parsed;
    const { instances, reasons } = eachIdOnce(parsed);
    this.#leftOut.report([...reasons, ...[...parsed.values()].flatMap(({ reason }) => reason ?? [])]);
    return instances;
  }

  #parse(key: string, value: Buffer): Parsed {
    let reason: string | undefined;
    const instances = parseInstances(key, value, this.#options, (error) => {
      reason = `${key}: ${error instanceof Error ? error.message : String(error)}`;
    });
    return { value, instances, ...(reason !== undefined && { reason }) };
  }
}

/** Of several keys that speak of one id the first counts, in the order of etcd. */
function eachIdOnce(parsed: ReadonlyMap<string, Parsed>): {
  readonly instances: readonly Instance[];
  readonly reasons: readonly string[];
} {
  const byId = new Map<string, { readonly key: string; readonly instance: Instance }>();
  const reasons: string[] = [];
  for (const [key, { instances }] of parsed) {
    for (const instance of instances) {
      const { id } = instance;
      const other = byId.get(id);
      if (other === undefined || key < other.key) byId.set(id, { key, instance });
      if (other === undefined) continue;
      const [first, second] = key < other.key ? [key, other.key] : [other.key, key];
      reasons.push(`${second}: "${id}" is under ${first} too`);
    }
  }
  return { instances: [...byId.values()].map(({ instance }) => instance), reasons };
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
