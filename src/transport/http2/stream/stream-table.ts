import type { Stream } from "./stream.js";

const firstSlots = 16;

/** An empty table larger than this is given back. */
const keptSlots = 2048;

/**
 * The streams of a connection by their ids: open addressing with linear probing, where ids that follow each other fall on
 * slots that do. A `Map` that is added to and deleted from all the time makes itself anew every few entries, and each of its old tables
 * keeps what was in it alive until V8 collects the whole heap: measured, a third of all that calls allocate.
 */
export class StreamTable {
  size = 0;
  #slots: (Stream | undefined)[] = [];

  get(id: number): Stream | undefined {
    if (this.size === 0) return undefined;
    const mask = this.#slots.length - 1;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = this.#slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** @param stream whose id is not in here */
  add(stream: Stream): void {
    if (2 * (this.size + 1) > this.#slots.length) this.#resize(Math.max(firstSlots, 2 * this.#slots.length));
    this.#put(stream);
    this.size++;
  }

  delete(id: number): void {
    if (this.size === 0) return;
    const mask = this.#slots.length - 1;
    let at = (id >>> 1) & mask;
    while (this.#slots[at] !== undefined && (this.#slots[at] as Stream).id !== id) at = (at + 1) & mask;
    if (this.#slots[at] === undefined) return;
    this.#slots[at] = undefined;
    this.size--;
    if (this.size === 0 && this.#slots.length > keptSlots) this.#slots = [];
    else this.#closeGap(at, mask);
  }

  /** Those that are here now. */
  all(): readonly Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  /** Moves back whoever was pushed on by the one that is gone, so that a search may stop at the first empty slot. */
  #closeGap(gap: number, mask: number): void {
    let empty = gap;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = this.#slots[at];
      if (stream === undefined) return;
      const home = (stream.id >>> 1) & mask;
      if (((at - home) & mask) < ((at - empty) & mask)) continue;
      this.#slots[empty] = stream;
      this.#slots[at] = undefined;
      empty = at;
    }
  }

  #put(stream: Stream): void {
    const mask = this.#slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = stream;
  }

  #resize(slots: number): void {
    const streams = this.all();
    this.#slots = new Array<Stream | undefined>(slots).fill(undefined);
    for (const stream of streams) this.#put(stream);
  }
}
