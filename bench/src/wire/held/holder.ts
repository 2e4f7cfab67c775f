/** What stands open and does nothing, by whoever is measured; held for as long as the process lives. */
export interface Holder {
  /** Resolves with the port it listens on, on 127.0.0.1. */
  serve(): Promise<number>;
  /** Where all of them go over one connection: makes it. */
  prepare?(port: number): Promise<void>;
  /** Opens one more. Resolves once something has gone each way. */
  open(port: number): Promise<void>;
}
