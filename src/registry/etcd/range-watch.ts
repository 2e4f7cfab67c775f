import type { IWatchResponse } from "etcd3";
import { Code, RpcError } from "../../errors/errors.js";
import { keepTrying } from "../keep-trying.js";
import { Watchdog } from "../watchdog.js";
import type { EtcdApi, KeyRange } from "./api.js";
import { etcdBackoff, healthyMs } from "./backoff.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { readStream } from "./stream.js";

export interface RangeObserver {
  /** Every key there is now, with its value. */
  changed(values: ReadonlyMap<string, Buffer>): void;
  /** etcd does not answer. */
  away(): void;
}

/**
 * Follows a range of keys: lists it, then watches from the revision after, so that nothing is missed. Whatever ends the
 * watch (a broken stream, a compaction, a member without a leader), it lists again and goes on from there.
 */
export class RangeWatch {
  readonly #connection: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #range: KeyRange;
  readonly #observer: RangeObserver;
  readonly #closing = new AbortController();
  #values = new Map<string, Buffer>();
  #running: Promise<void> | undefined;

  constructor(connection: EtcdApi, options: ResolvedEtcdOptions, range: KeyRange, observer: RangeObserver) {
    this.#connection = connection;
    this.#options = options;
    this.#range = range;
    this.#observer = observer;
  }

  start(): void {
    const { clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#follow(well), {
      what: `watch of ${this.#range.key}`,
      clock,
      logger,
      backoff: etcdBackoff(this.#options),
      healthyMs,
      signal: this.#closing.signal,
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #follow(well: () => void): Promise<void> {
    const revision = await this.#list();
    if (this.#closing.signal.aborted) return;
    const stream = await this.#connection.watch();
    const unanswered = new AbortController();
    const watchdog = new Watchdog(this.#options.clock, () => unanswered.abort());
    watchdog.feed(this.#options.requestTimeoutMs);
    stream.write({ create_request: { ...this.#range, start_revision: `${revision + 1n}`, progress_notify: true } });
    const signal = AbortSignal.any([this.#closing.signal, unanswered.signal]);
    try {
      await readStream(stream, signal, (response) => {
        if (response.canceled) throw this.#ended(reasonOfCancel(response));
        if (response.created) {
          watchdog.stop();
          well();
        }
        this.#apply(response);
      });
    } catch (reason) {
      throw await this.#connection.failure(reason);
    } finally {
      watchdog.stop();
    }
    if (unanswered.signal.aborted) throw this.#ended("it was not created in time");
  }

  /** @returns the revision the list is of */
  async #list(): Promise<bigint> {
    try {
      const { header, kvs } = await this.#connection.range(this.#range);
      this.#values = new Map(kvs.map(({ key, value }) => [key.toString(), value]));
      this.#tell();
      return BigInt(header.revision);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#observer.away();
      throw error;
    }
  }

  /** All events of one response belong together: they are told at once. */
  #apply({ events }: IWatchResponse): void {
    for (const { type, kv } of events) {
      if (type === "Delete") this.#values.delete(kv.key.toString());
      else this.#values.set(kv.key.toString(), kv.value);
    }
    if (events.length > 0) this.#tell();
  }

  #tell(): void {
    if (!this.#closing.signal.aborted) this.#observer.changed(this.#values);
  }

  #ended(why: string): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: the watch ended: ${why}`);
  }
}

function reasonOfCancel({ compact_revision, cancel_reason }: IWatchResponse): string {
  if (compact_revision !== "0") return `what followed has been compacted up to revision ${compact_revision}`;
  return cancel_reason || "etcd gave no reason";
}
