/** Whatever begins work ends it: `close()` may be called twice, and `await using` calls it by itself. */
export interface Closeable extends AsyncDisposable {
  /** Resolves once nothing of it is left running. */
  close(): Promise<void>;
}
