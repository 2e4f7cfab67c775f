import type { Entry } from "../api.js";

/** Who is told what becomes of a range of keys. */
export interface RangeObserver {
  /**
   * Every key there is now, and what is kept there; also where nothing has changed, when etcd is back.
   *
   * @param changes how many keys or events that were since the last call
   */
  changed(entries: ReadonlyMap<string, Entry>, changes: number): void;
  /** etcd does not answer. May be said again before `changed`. */
  away(): void;
  /** etcd has confirmed that nothing has changed. Default: nobody needs to know. */
  confirmed?(): void;
  /** The watch was interrupted and has begun anew. Default: nobody needs to know. */
  restarted?(): void;
  /** Whether this is too bad to be believed before etcd has been asked once more. Default: all is believed. */
  doubts?(entries: ReadonlyMap<string, Entry>): boolean;
}
