/** Who is told what becomes of a range of keys. */
export interface RangeObserver {
  /**
   * Every key there is now, with its value; also where nothing has changed, when etcd is back.
   *
   * @param changes how many keys or events that were since the last call
   */
  changed(values: ReadonlyMap<string, Buffer>, changes: number): void;
  /** etcd does not answer. May be said again before `changed`. */
  away(): void;
  /** etcd has confirmed that nothing has changed. Default: nobody needs to know. */
  confirmed?(): void;
  /** The watch was interrupted and has begun anew. Default: nobody needs to know. */
  restarted?(): void;
  /** Whether this is too bad to be believed before etcd has been asked once more. Default: all is believed. */
  doubts?(values: ReadonlyMap<string, Buffer>): boolean;
}
