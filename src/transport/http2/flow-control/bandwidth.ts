/** No window grows beyond this. */
export const maxStreamWindowBytes: number = 16 * 1024 * 1024;

/** What is read before the next PING: it leaves at the beginning of a burst, most of which then comes before the answer. */
const leastBytes = 64 * 1024;

/** No road is shorter, in ms. */
const shortestMs = 0.01;

/** Where windows are large enough, measuring becomes as seldom as this. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Finds out how much the road holds: the most that was ever read in a time, times the shortest time there and back (what
 * a PING has to wait behind the data themselves is not the road's). Where that comes near the window, the window is what
 * holds the peer back, and it is doubled. What nobody reads counts for nothing: who stands still holds the peer back
 * himself. After grpc-go's bdpEstimator.
 */
export class Bandwidth {
  /** What had been read when the PING was sent; undefined where none is under way. */
  #from: number | undefined;
  #sentAt = 0;
  #mostPerMs = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
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

  /** Something else than a PING has been answered. */
  answered(afterMs: number): void {
    this.#shortestMs = Math.min(this.#shortestMs, Math.max(afterMs, shortestMs));
  }

  /**
   * The PING was answered.
   *
   * @returns the window to have from now on, in bytes; undefined where the present one will do
   */
  end(now: number, read: number, window: number): number | undefined {
    if (this.#from === undefined) return undefined;
    const afterMs = Math.max(now - this.#sentAt, shortestMs);
    this.answered(afterMs);
    this.#mostPerMs = Math.max(this.#mostPerMs, (read - this.#from) / afterMs);
    this.#from = undefined;
    const held = this.#mostPerMs * this.#shortestMs;
    const grows = window < maxStreamWindowBytes && held >= (window * 2) / 3;
    this.#pauseBytes = grows ? leastBytes : Math.min(2 * this.#pauseBytes, mostBytes);
    this.#nextAt = read + this.#pauseBytes;
    return grows ? Math.min(Math.ceil(2 * held), maxStreamWindowBytes) : undefined;
  }
}
