/** What compressed messages of one connection may become at once, in bytes. A single one may be larger. */
const maxUnfoldingBytes = 32 * 1024 * 1024;

/** Deflate makes no more of a byte (https://www.zlib.net/zlib_tech.html). */
const mostOfAByte = 1032;

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Unfolds the compressed messages of one connection a few at a time, in the order in which they came. */
export class Unfolding {
  #bytes = 0;
  readonly #waiting: Waiting[] = [];

  /**
   * @param compressedBytes of the message
   * @param maxBytes of what may become of it
   * @param unfold is called once there is room
   */
  async run<T>(compressedBytes: number, maxBytes: number, unfold: () => Promise<T>): Promise<T> {
    const bytes = Math.min(maxBytes, mostOfAByte * compressedBytes);
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) {
      await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
    } else this.#bytes += bytes;
    try {
      return await unfold();
    } finally {
      this.#bytes -= bytes;
      this.#next();
    }
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= maxUnfoldingBytes;
  }

  #next(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#bytes += next.bytes;
      next.begin();
    }
  }
}
