import type { ITxnRequest } from "etcd3";
import { isFinal } from "../../failures.js";
import type { Entry, EtcdApi, KeyRange } from "../api.js";
import { isLeaseGone } from "../lease/lease.js";
import type { RangeObserver } from "../watch/range-observer.js";

/** Makes what follows a range of keys, once started: a `RangeWatch`. */
export type Watching = (range: KeyRange, observer: RangeObserver) => { start(): void; close(): Promise<void> };

export interface OwnKeyOptions {
  readonly api: EtcdApi;
  readonly watching: Watching;
  readonly key: Buffer;
  /** Whether keys under the lease are this process's own. */
  readonly ours: (leaseId: string) => boolean;
  /** It is not there as it was written, and nobody else has it; it is about to be put back. */
  readonly onMissing: () => void;
  /** Its watch has seen it other than it was written last. */
  readonly onDoubt: () => void;
}

/** What a key shall be. */
export interface Wanted {
  readonly value: Buffer;
  readonly leaseId: string;
}

/** One key that this process writes, and watches. */
export class OwnKey {
  readonly name: string;
  readonly #options: OwnKeyOptions;
  readonly #watch: ReturnType<Watching>;
  #watching = false;
  /** What was written last, or is being written. */
  #wanted: Wanted | undefined;
  #unanswered = false;

  constructor(options: OwnKeyOptions) {
    const { key, watching } = options;
    this.name = key.toString();
    this.#options = options;
    this.#watch = watching({ key }, { changed: (entries) => this.#seen(entries.get(this.name)), away: () => {} });
  }

  /** Whether something was asked of etcd of which nobody knows if it was done, or will be. */
  get unanswered(): boolean {
    return this.#unanswered;
  }

  /**
   * Writes the key, whoever holds it: of two processes with one id the later is believed. Once it is watched, it is left to
   * another process that has taken it.
   *
   * @returns whether it is as it shall be
   */
  async write(wanted: Wanted): Promise<boolean> {
    this.#wanted = wanted;
    this.#unanswered = true;
    try {
      const isOurs = this.#watching ? await this.#keep(wanted) : await this.#take(wanted);
      this.#unanswered = false;
      return isOurs;
    } catch (error) {
      if (isLeaseGone(error) || isFinal(error)) this.#unanswered = false;
      throw error;
    }
  }

  /** Watches it from now on; for when it has been written. May be called again. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#watch.start();
  }

  unwatch(): Promise<void> {
    return this.#watch.close();
  }

  /** Deletes it where it is under the lease: who took it over keeps it. */
  async drop(leaseId: string): Promise<void> {
    const { api, key } = this.#options;
    await api.txn({
      compare: [{ key, target: "Lease", result: "Equal", lease: leaseId }],
      success: [{ request_delete_range: { key } }],
    });
  }

  async #take(wanted: Wanted): Promise<true> {
    const { api, key } = this.#options;
    await api.txn({
      compare: [
        { key, target: "Value", result: "Equal", value: wanted.value },
        { key, target: "Lease", result: "Equal", lease: wanted.leaseId },
      ],
      // Nothing is written, and so no watcher told, where it is so already.
      failure: [this.#put(wanted)],
    });
    return true;
  }

  /** A key without a lease was written by hand, and is nobody's. */
  async #keep(wanted: Wanted): Promise<boolean> {
    const { api, key, ours, onMissing } = this.#options;
    for (;;) {
      const [found] = (await api.range({ key })).kvs;
      if (isThere(wanted, found)) return true;
      if (found === undefined || found.lease === noLease) onMissing();
      else if (!ours(found.lease)) return false;
      const { succeeded } = await api.txn({
        compare: [{ key, target: "Mod", result: "Equal", mod_revision: found?.mod_revision ?? neverWritten }],
        success: [this.#put(wanted)],
      });
      if (succeeded) return true;
    }
  }

  #put({ value, leaseId }: Wanted): NonNullable<ITxnRequest["success"]>[number] {
    return { request_put: { key: this.#options.key, value, lease: leaseId } };
  }

  #seen(found: Entry | undefined): void {
    if (this.#wanted === undefined || !isThere(this.#wanted, found)) this.#options.onDoubt();
  }
}

const noLease = "0";
const neverWritten = "0";

function isThere({ value, leaseId }: Wanted, found: Entry | undefined): boolean {
  return found?.lease === leaseId && found.value.equals(value);
}
