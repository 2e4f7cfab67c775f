/** Decisions read out of bytes: an input that is a run of decisions can be kept and made smaller as any other. */
export class Choices {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** 0 once there are none. */
  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.byte() % from.length] as T;
  }

  /** One character a byte. */
  text(): string {
    const length = this.byte() % 24;
    const text = this.#bytes.toString("latin1", this.#at, this.#at + length);
    this.#at += length;
    return text;
  }
}
