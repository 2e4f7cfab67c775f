/** An estimate is at most this far from the latency it stands for. */
export const relativeError = 0.02;

const shortestMs = 0.001;
const longestMs = 3_600_000;

/** Each bucket is so many times as wide as the one before: a middle of its own is then within the error of all it holds. */
const growth = (1 + relativeError) / (1 - relativeError);
const bucketsPerE = 1 / Math.log(growth);
const size = bucketOf(longestMs) + 1;

function bucketOf(ms: number): number {
  return Math.ceil(Math.log(ms / shortestMs) * bucketsPerE);
}

/**
 * Counts latencies in buckets that grow by 4 %, the layout of DDSketch (Masson et al., VLDB 2019): 552 counters, whatever
 * comes. From 1 us to 1 h an estimate is within 2 %; what is shorter or longer counts as that.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(size);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const known = Math.min(Math.max(ms, shortestMs), longestMs);
    const bucket = bucketOf(known);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total++;
  }

  /** The latency in ms that the given share of all calls did not exceed, by nearest rank; undefined where there were none. */
  percentile(share: number): number | undefined {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (let bucket = 0; bucket < size; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return (shortestMs * growth ** bucket * 2) / (1 + growth);
    }
    return undefined;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
