import type { IEvent, IResponseHeader, IWatchResponse } from "etcd3";
import { Code, RpcError } from "../../errors/errors.js";
import { keepTrying } from "../keep-trying.js";
import { Wakeup } from "../wakeup.js";
import type { EtcdApi, KeyRange } from "./api.js";
import { etcdBackoff, healthyMs } from "./backoff.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { unlessAborted } from "./patience.js";
import type { RangeObserver } from "./range-observer.js";
import { RangeState } from "./range-state.js";
import type { Subscriber, WatchHub } from "./watch-hub.js";

export type { RangeObserver } from "./range-observer.js";

export interface RangeWatchOptions {
  readonly api: EtcdApi;
  readonly hub: WatchHub;
  readonly options: ResolvedEtcdOptions;
  readonly range: KeyRange;
  readonly observer: RangeObserver;
  /** As in log lines: `watch of orders`. */
  readonly what: string;
}

/**
 * Follows a range of keys: lists it, then watches from the revision after, so that nothing is missed. A stream that
 * breaks is continued with the next revision, without another list. Where that cannot be, because of a compaction or
 * because etcd's data is not what it was, it lists again and goes on from there; and now and then all the same, because
 * etcd has had bugs that lost events.
 */
export class RangeWatch {
  readonly #with: RangeWatchOptions;
  readonly #subscriber: Subscriber;
  readonly #closing = new AbortController();
  readonly #state = new RangeState();
  /** What is known is not to be continued. */
  #listDue = true;
  /** etcd carries the watch at present, and did before. */
  #watching = false;
  #hasWatched = false;
  /** The observer has been told nothing yet, or last that etcd is away. */
  #away = true;
  /** The observer does not believe what it has not been told yet. */
  #doubted = false;
  /** How much has changed since the observer was told. */
  #untold = 0;
  /** Events that have come while a list was on its way. */
  #meanwhile: IEvent[] = [];
  #lookAgain = new Wakeup();
  #well: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(options: RangeWatchOptions) {
    this.#with = options;
    this.#subscriber = {
      range: options.range,
      from: () => this.#state.revision + 1n,
      receive: (response) => this.#receive(response),
      alive: () => this.#confirm(),
      away: () => this.#lose(),
    };
  }

  start(): void {
    const { api, options, what } = this.#with;
    const { clock, logger } = options;
    this.#running = keepTrying((well) => this.#follow(well), {
      what,
      clock,
      logger,
      backoff: etcdBackoff(options),
      healthyMs,
      signal: this.#closing.signal,
      early: (signal) => api.untilBack(signal),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #follow(well: () => void): Promise<void> {
    this.#well = well;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, over.signal]);
    if (this.#listDue) {
      await this.#list(signal);
      this.#tell();
    }
    const following = this.#with.hub.follow(this.#subscriber, signal).catch((reason: unknown) => {
      this.#listDue = true;
      throw reason;
    });
    const looking = this.#keepLooking(signal);
    try {
      await Promise.race([following, looking]);
    } finally {
      this.#watching = false;
      over.abort();
      await Promise.allSettled([following, looking]);
    }
  }

  /** Lists again from time to time, and whenever there is a reason to. */
  async #keepLooking(signal: AbortSignal): Promise<void> {
    const { clock, random, resyncMs } = this.#with.options;
    const { history } = this.#state;
    const lookAgain = new Wakeup();
    this.#lookAgain = lookAgain;
    signal.addEventListener("abort", () => lookAgain.wake(), { once: true });
    while (!signal.aborted) {
      const timer = clock.timer(resyncMs * (0.8 + 0.4 * random()), () => lookAgain.wake());
      await lookAgain.wait();
      timer.cancel();
      if (signal.aborted || !this.#watching) continue;
      await this.#list(signal);
      if (this.#state.history !== history) throw this.#failure("its data is not what it was; the watch begins anew");
      if (this.#watching) this.#tell();
    }
  }

  /** Twice where the observer doubts what it hears. */
  async #list(signal: AbortSignal): Promise<void> {
    this.#listDue = true;
    try {
      await this.#read(signal, this.#doubted);
      if (this.#doubted) await this.#read(signal, true);
    } catch (error) {
      this.#lose();
      throw error;
    }
    this.#listDue = signal.aborted;
  }

  /** @param believed whether what it says is true, however bad */
  async #read(signal: AbortSignal, believed: boolean): Promise<void> {
    const { api, range } = this.#with;
    const { revision: askedAt, history } = this.#state;
    this.#meanwhile = [];
    const answer = await unlessAborted(api.range(range), signal, () => {});
    if (answer === undefined) return;
    this.#untold += this.#state.list(answer, askedAt, this.#meanwhile);
    this.#doubted = !believed && this.#isDoubtful();
    // Whoever is missing now may not have left, but have been forgotten: that is no better than an outage.
    if (this.#state.history !== history) this.#lose();
  }

  #receive({ header, created, events }: IWatchResponse): void {
    if (this.#state.isForeign(header)) throw this.#failure("another etcd answers than before");
    if (created) this.#begin(header);
    if (events.length > 0) this.#apply(events);
    else if (!created) this.#reach(header);
  }

  #begin(header: IResponseHeader): void {
    const { observer } = this.#with;
    this.#well();
    this.#watching = true;
    if (this.#hasWatched) observer.restarted?.();
    this.#hasWatched = true;
    // A member that lags behind, or an etcd whose data is not what it was: a list tells one from the other.
    if (this.#state.isAhead(header) || this.#doubted) this.#lookAgain.wake();
    else if (this.#away) this.#tell();
  }

  /** All events of one response belong together: they are told at once. */
  #apply(events: readonly IEvent[]): void {
    this.#meanwhile.push(...events);
    const changes = this.#state.apply(events);
    this.#untold += changes;
    if (changes === 0) return;
    this.#doubted = this.#isDoubtful();
    if (this.#doubted) this.#lookAgain.wake();
    this.#tell();
  }

  #reach({ revision }: IResponseHeader): void {
    this.#state.reached(BigInt(revision));
    this.#confirm();
  }

  #isDoubtful(): boolean {
    return this.#with.observer.doubts?.(this.#state.values) ?? false;
  }

  #tell(): void {
    if (this.#closing.signal.aborted || this.#doubted) return;
    if (this.#untold === 0 && !this.#away) {
      this.#confirm();
      return;
    }
    const changes = this.#untold;
    this.#untold = 0;
    this.#away = false;
    this.#with.observer.changed(this.#state.values, changes);
  }

  #confirm(): void {
    if (this.#watching && !this.#away && !this.#doubted) this.#with.observer.confirmed?.();
  }

  #lose(): void {
    this.#watching = false;
    if (this.#closing.signal.aborted) return;
    this.#away = true;
    this.#with.observer.away();
  }

  #failure(why: string): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.#with.options.name}: ${why}`);
  }
}
