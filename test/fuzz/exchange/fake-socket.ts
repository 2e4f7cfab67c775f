import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/** Of a socket what a connection uses of it; what the other end sends and reads is up to whoever holds it. */
export class FakeSocket extends EventEmitter {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 1;
  /** What was written, in order. */
  readonly written: Buffer[] = [];
  /** What was written and not taken yet. */
  writableLength = 0;
  destroyed = false;
  ended = false;
  /** What no owner of a socket may do. */
  misuse: string | undefined;
  #stalled = false;

  get socket(): Socket {
    return this as unknown as Socket;
  }

  /** The other end has sent this. */
  receive(bytes: Buffer): void {
    if (!this.destroyed) this.emit("data", bytes);
  }

  /** The other end reads no more, until `drain()`. */
  stall(): void {
    this.#stalled = true;
  }

  drain(): void {
    this.#stalled = false;
    const waited = this.writableLength > 0;
    this.writableLength = 0;
    if (waited && !this.destroyed) this.emit("drain");
  }

  /** The other end has gone, with a word or without. */
  gone(error?: Error): void {
    if (this.destroyed) return;
    if (error !== undefined) this.emit("error", error);
    this.destroy();
  }

  write(bytes: Uint8Array): boolean {
    if (this.ended) this.misuse = "written to after its end";
    if (this.destroyed || this.ended) return false;
    this.written.push(Buffer.from(bytes)); // whoever wrote may use the bytes again
    if (this.#stalled) this.writableLength += bytes.length;
    return !this.#stalled;
  }

  setKeepAlive(): this {
    return this;
  }

  end(): this {
    this.ended = true;
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    process.nextTick(() => this.emit("close"));
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  cork(): void {}

  uncork(): void {}

  resume(): this {
    return this;
  }

  pause(): this {
    return this;
  }
}
