/** What stands open and does nothing, by whoever is measured; held for as long as the process lives. */
export interface Holder {
  /** Resolves with where it listens on 127.0.0.1, in whatever form its client wants it. */
  serve(): Promise<readonly string[]>;
  /** Where all of them go over one connection: makes it. */
  prepare?(addresses: readonly string[]): Promise<void>;
  /** Opens one more, of which `index` have been before. Resolves once something has gone each way. */
  open(addresses: readonly string[], index: number): Promise<void>;
}
