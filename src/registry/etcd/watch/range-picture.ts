import type { IEvent } from "etcd3";
import type { Entry, EtcdApi, KeyRange } from "../api.js";
import { unlessAborted } from "../unless-aborted.js";
import { RangeState } from "./range-state.js";

/** What is known of a range, by lists and by events, and what of it the observer has not been told yet. */
export class RangePicture {
  readonly state: RangeState = new RangeState();
  readonly #api: EtcdApi;
  readonly #range: KeyRange;
  readonly #doubts: (entries: ReadonlyMap<string, Entry>) => boolean;
  #untold = 0;
  #doubted = false;
  /** Events that have come since the list that is on its way was asked for. */
  #meanwhile: IEvent[] | undefined;

  /** @param doubts whether it is too bad to be believed before etcd has been asked once more */
  constructor(api: EtcdApi, range: KeyRange, doubts: (entries: ReadonlyMap<string, Entry>) => boolean) {
    this.#api = api;
    this.#range = range;
    this.#doubts = doubts;
  }

  /** How many changes the observer has not been told. */
  get untold(): number {
    return this.#untold;
  }

  /** The observer does not believe it: it must be listed again before it is told. */
  get doubted(): boolean {
    return this.#doubted;
  }

  told(): void {
    this.#untold = 0;
  }

  /**
   * Asks etcd, and once more where the observer doubts the answer. Nothing comes of it where the signal aborts.
   *
   * @returns whether it is still the same data that are there
   */
  async list(signal: AbortSignal): Promise<boolean> {
    const { history } = this.state;
    await this.#list(signal, this.#doubted);
    if (this.#doubted && !signal.aborted) await this.#list(signal, true);
    return this.state.history === history;
  }

  /** @returns whether any of it is news */
  happen(events: readonly IEvent[]): boolean {
    const changes = this.state.apply(events);
    for (const each of events) this.#meanwhile?.push(each);
    if (changes > 0) this.#changed(changes, false);
    return changes > 0;
  }

  /** @param believed however bad it is */
  async #list(signal: AbortSignal, believed: boolean): Promise<void> {
    const askedAt = this.state.revision;
    const meanwhile: IEvent[] = [];
    this.#meanwhile = meanwhile;
    try {
      const answer = await unlessAborted(this.#api.range(this.#range), signal, () => {});
      if (answer !== undefined) this.#changed(this.state.list(answer, askedAt, meanwhile), believed);
    } finally {
      this.#meanwhile = undefined;
    }
  }

  #changed(changes: number, believed: boolean): void {
    this.#untold += changes;
    this.#doubted = !believed && this.#doubts(this.state.entries);
  }
}
