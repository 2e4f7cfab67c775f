import type { Socket } from "node:net";

/** A socket whose system the test plays: what is written is taken at once, or once the test says so. */
export class SocketDouble {
  /** Written and not yet taken, in bytes. */
  writableLength = 0;
  /** Whether writes are taken as they are made. TLS never does so. */
  prompt = true;
  /** As they were written; in them is whatever the memory says by now. */
  readonly writes: Buffer[] = [];
  readonly #taken: Buffer[] = [];
  #waiting: Buffer[] = [];

  write(bytes: Uint8Array): boolean {
    const written = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.writes.push(written);
    this.#waiting.push(written);
    this.writableLength += written.length;
    if (this.prompt) this.take();
    return true;
  }

  cork(): void {}

  uncork(): void {}

  /** Takes what waits, as it is now. */
  take(): void {
    this.#taken.push(Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.writableLength = 0;
  }

  /** All that was taken. */
  get taken(): Buffer {
    return Buffer.concat(this.#taken);
  }

  /** What the writes hold on to, in bytes. */
  get heldBytes(): number {
    const memory = new Set(this.writes.map(({ buffer }) => buffer));
    return [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get socket(): Socket {
    return this as unknown as Socket;
  }
}
