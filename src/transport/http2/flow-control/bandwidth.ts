/** No window grows beyond this. */
export const maxStreamWindowBytes: number = 16 * 1024 * 1024;

/**
 * Finds out how much the road holds: what comes in between a PING and its answer is what one round trip takes. Where that
 * comes near the window, the window is what holds the peer back, and it is doubled. Source: grpc-go's bdpEstimator.
 */
export class Bandwidth {
  /** Bytes since the PING; undefined where none is under way. */
  #sample: number | undefined;
  #sentAt = 0;
  #mostPerMs = 0;

  get measuring(): boolean {
    return this.#sample !== undefined;
  }

  begin(now: number): void {
    this.#sample = 0;
    this.#sentAt = now;
  }

  received(bytes: number): void {
    if (this.#sample !== undefined) this.#sample += bytes;
  }

  /**
   * The PING was answered.
   *
   * @returns the window to have from now on, in bytes; undefined where the present one will do
   */
  end(now: number, window: number): number | undefined {
    const sample = this.#sample ?? 0;
    this.#sample = undefined;
    const perMs = sample / Math.max(now - this.#sentAt, 0.01);
    const faster = perMs > this.#mostPerMs;
    if (faster) this.#mostPerMs = perMs;
    if (!faster || window >= maxStreamWindowBytes || sample < (window * 2) / 3) return undefined;
    return Math.min(2 * sample, maxStreamWindowBytes);
  }
}
