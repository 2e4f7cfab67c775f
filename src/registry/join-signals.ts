export interface JoinedSignal {
  /** Aborts with the first of them. */
  readonly signal: AbortSignal;
  /** It hears of them no more. */
  release(): void;
}

/**
 * As `AbortSignal.any()`, for signals of which one lives much longer than what is done: in Node 20 that one would keep an
 * entry of each signal that was ever made of it.
 */
export function joinSignals(...signals: readonly AbortSignal[]): JoinedSignal {
  const first = new AbortController();
  const releases = signals.map((signal) => {
    const abort = () => first.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    return () => signal.removeEventListener("abort", abort);
  });
  return {
    signal: first.signal,
    release: () => {
      for (const release of releases) release();
    },
  };
}
