import type { Address, Listener, Router } from "../transport.js";
import type { MemoryExchange } from "./exchange.js";

/** The server side: what is served, and which calls are running. */
export class MemoryListener implements Listener {
  readonly address: Address;
  readonly router: Router;
  readonly #running = new Set<MemoryExchange>();
  readonly #onClosed: () => void;
  #draining = false;
  #idle: (() => void) | undefined;

  constructor(address: Address, router: Router, onClosed: () => void) {
    this.address = address;
    this.router = router;
    this.#onClosed = onClosed;
  }

  get accepts(): boolean {
    return !this.#draining;
  }

  begin(exchange: MemoryExchange): void {
    this.#running.add(exchange);
  }

  end(exchange: MemoryExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size === 0) this.#idle?.();
  }

  drain(): void {
    this.#draining = true;
  }

  async close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.drain();
    if (this.#running.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      const timer = setTimeout(() => this.#cancelAll(), options.graceMs ?? 0);
      await idle;
      clearTimeout(timer);
    }
    this.#onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #cancelAll(): void {
    for (const exchange of [...this.#running]) exchange.dropConnection();
  }
}
