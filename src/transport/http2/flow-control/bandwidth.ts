/** No window grows beyond this. */
export const maxStreamWindowBytes: number = 16 * 1024 * 1024;

/** What is read before the next PING: it leaves at the beginning of a burst, most of which then comes before the answer. */
const leastBytes = 64 * 1024;

/** Where windows are large enough, measuring becomes as seldom as this. */
const mostBytes = 16 * 1024 * 1024;

/** A bandwidth that has come down further says that something else than the window holds the peer back. */
const steady = 0.9;

/**
 * Finds out how much the road holds: what is read in between a PING and its answer is what one round trip takes. Where
 * that comes near the window, the window is what holds the peer back, and it is doubled. What nobody reads counts for
 * nothing: who stands still holds the peer back himself. Source: grpc-go's bdpEstimator.
 */
export class Bandwidth {
  /** What had been read when the PING was sent; undefined where none is under way. */
  #from: number | undefined;
  #sentAt = 0;
  #mostPerMs = 0;
  /** The next PING is sent when so much has been read. */
  #nextAt = leastBytes;
  #pauseBytes = leastBytes;

  /** Whether a PING is to be sent now, which `begin()` is told. @param read bytes, ever */
  isDue(read: number): boolean {
    return read >= this.#nextAt && this.#from === undefined;
  }

  begin(now: number, read: number): void {
    this.#from = read;
    this.#sentAt = now;
  }

  /**
   * The PING was answered.
   *
   * @returns the window to have from now on, in bytes; undefined where the present one will do
   */
  end(now: number, read: number, window: number): number | undefined {
    if (this.#from === undefined) return undefined;
    const sample = read - this.#from;
    this.#from = undefined;
    const perMs = sample / Math.max(now - this.#sentAt, 0.01);
    const slower = perMs < this.#mostPerMs * steady;
    this.#mostPerMs = Math.max(this.#mostPerMs, perMs);
    const grows = !slower && window < maxStreamWindowBytes && sample >= (window * 2) / 3;
    this.#pauseBytes = grows ? leastBytes : Math.min(2 * this.#pauseBytes, mostBytes);
    this.#nextAt = read + this.#pauseBytes;
    return grows ? Math.min(2 * sample, maxStreamWindowBytes) : undefined;
  }
}
