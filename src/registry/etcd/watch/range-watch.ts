import type { IResponseHeader, IWatchResponse } from "etcd3";
import { Code, RpcError } from "../../../errors/errors.js";
import { joinSignals } from "../../join-signals.js";
import { healthyMs, reconnectBackoff } from "../../reconnect-backoff.js";
import { Upkeep } from "../../upkeep.js";
import { Wakeup } from "../../wakeup.js";
import type { EtcdApi, KeyRange } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import type { RangeObserver } from "./range-observer.js";
import { RangePicture } from "./range-picture.js";
import type { WatchHub } from "./watch-hub.js";
import type { Subscriber } from "./watch-link.js";

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
 * Follows a range of keys: lists it, then watches from that revision, so that nothing is missed. A stream that breaks is
 * continued from the last revision known, without another list. Where that cannot be, because of a compaction or because
 * etcd's data is not what it was, it lists again and goes on from there; and now and then all the same, because etcd has
 * had bugs that lost events.
 *
 * The events of the revision from which it watches are known and dropped. It does not begin with the next: where that is
 * the one up to which etcd has compacted, it is accepted, and what was deleted in it is never told (etcd issue 19179).
 */
export class RangeWatch {
  readonly #with: RangeWatchOptions;
  readonly #subscriber: Subscriber;
  readonly #upkeep = new Upkeep();
  readonly #picture: RangePicture;
  /** What is known is not to be continued. */
  #listDue = true;
  /** etcd carries the watch at present, and did before. */
  #watching = false;
  #hasWatched = false;
  /** The observer has been told nothing yet, or last that etcd is away. */
  #away = true;
  #lookAgain = new Wakeup();
  #well: () => void = () => {};

  constructor(options: RangeWatchOptions) {
    this.#with = options;
    const { api, range, observer } = options;
    this.#picture = new RangePicture(api, range, (entries) => observer.doubts?.(entries) ?? false);
    this.#subscriber = {
      range: options.range,
      from: () => this.#picture.state.revision,
      receive: (response) => this.#receive(response),
      alive: () => this.#confirm(),
      away: () => this.#lose(),
    };
  }

  start(): void {
    const { api, options, what } = this.#with;
    this.#upkeep.start((well) => this.#follow(well), {
      ...options,
      what,
      backoff: reconnectBackoff(options.random),
      healthyMs,
      early: (signal) => api.untilBack(signal),
    });
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  async #follow(well: () => void): Promise<void> {
    this.#well = well;
    if (this.#listDue) {
      await this.#list(this.#upkeep.signal);
      // What came and went since the list before shows in neither: whoever wrote meanwhile has to look.
      this.#away = true;
      this.#tell();
    }
    const over = new AbortController();
    const { signal, release } = joinSignals(this.#upkeep.signal, over.signal);
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
      release();
    }
  }

  /** Lists again from time to time, and whenever there is a reason to. */
  async #keepLooking(signal: AbortSignal): Promise<void> {
    const { clock, random, resyncMs } = this.#with.options;
    const lookAgain = new Wakeup();
    this.#lookAgain = lookAgain;
    signal.addEventListener("abort", () => lookAgain.wake(), { once: true });
    while (!signal.aborted) {
      const timer = clock.timer(resyncMs * (0.8 + 0.4 * random()), () => lookAgain.wake());
      await lookAgain.wait();
      timer.cancel();
      if (signal.aborted || !this.#watching) continue;
      const isTheSame = await this.#list(signal);
      if (!isTheSame) throw this.#failure("its data are not what they were; the watch begins anew");
      if (this.#watching) this.#tell();
    }
  }

  /**
   * While it takes longer than a sign of life may, etcd is away: what it says then may be of before, and leases that nobody
   * could renew meanwhile end right after.
   *
   * @returns whether it is still the same data that are there
   */
  async #list(signal: AbortSignal): Promise<boolean> {
    const { clock, heartbeatMs } = this.#with.options;
    const slow = clock.timer(heartbeatMs, () => this.#sayAway());
    this.#listDue = true;
    try {
      const isTheSame = await this.#picture.list(signal);
      // Whoever is missing now may not have left, but have been forgotten: that is no better than an outage.
      if (!isTheSame) this.#lose();
      this.#listDue = signal.aborted;
      return isTheSame;
    } catch (error) {
      this.#lose();
      throw error;
    } finally {
      slow.cancel();
    }
  }

  #receive({ header, created, events }: IWatchResponse): void {
    if (this.#picture.state.isForeign(header)) throw this.#failure("another etcd answers than before");
    if (created) this.#begin(header);
    if (events.length > 0) {
      if (this.#picture.happen(events)) this.#tell();
    } else if (!created) {
      this.#picture.state.reached(BigInt(header.revision));
      this.#confirm();
    }
  }

  #begin(header: IResponseHeader): void {
    this.#well();
    this.#watching = true;
    if (this.#hasWatched) this.#with.observer.restarted?.();
    this.#hasWatched = true;
    // A member that lags behind, or an etcd whose data is not what it was: a list tells one from the other.
    if (this.#picture.state.isAhead(header)) this.#lookAgain.wake();
    else if (this.#away) this.#tell();
  }

  /** What has happened together is told together; what is doubted is not, and is listed again first. */
  #tell(): void {
    const { state, untold, doubted } = this.#picture;
    if (this.#upkeep.closing) return;
    if (doubted) {
      this.#lookAgain.wake();
    } else if (untold === 0 && !this.#away) {
      this.#confirm();
    } else {
      this.#away = false;
      this.#picture.told();
      this.#with.observer.changed(state.entries, untold);
    }
  }

  #confirm(): void {
    if (this.#watching && !this.#away && !this.#picture.doubted) this.#with.observer.confirmed?.();
  }

  #lose(): void {
    this.#watching = false;
    this.#sayAway();
  }

  #sayAway(): void {
    if (this.#upkeep.closing) return;
    this.#away = true;
    this.#with.observer.away();
  }

  #failure(why: string): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.#with.options.name}: ${why}`);
  }
}
