import type { Address, Listener } from "./transport.js";

/** How a listener closes on every road: it drains and finishes, once, however often it is told to. */
export abstract class ClosingListener implements Listener {
  abstract readonly address: Address;
  #closing: Promise<void> | undefined;

  abstract drain(): void;

  /** It drains: waits for running calls up to `graceMs`, cancels the rest, and leaves nothing behind. Called once. */
  protected abstract finish(graceMs: number): Promise<void>;

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 0);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.drain();
    await this.finish(graceMs);
  }
}
