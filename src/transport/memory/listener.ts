import type { Clock } from "../../time/time.js";
import { ClosingListener } from "../closing-listener.js";
import type { Address, Router } from "../transport.js";

/** A call that is not done. */
export interface RunningExchange {
  /** The server closes before the call is done. */
  dropConnection(): void;
}

/** What the network is told. */
export interface ListenerEvents {
  /** It takes no more calls. */
  drained(): void;
  /** Its name is free. */
  closed(): void;
}

/** The server side: what is served, and which calls are running. */
export class MemoryListener extends ClosingListener {
  readonly address: Address;
  readonly router: Router;
  readonly #running = new Set<RunningExchange>();
  readonly #clock: Clock;
  readonly #tell: ListenerEvents;
  #draining = false;
  #idle: (() => void) | undefined;

  constructor(address: Address, router: Router, clock: Clock, tell: ListenerEvents) {
    super();
    this.address = address;
    this.router = router;
    this.#clock = clock;
    this.#tell = tell;
  }

  get accepts(): boolean {
    return !this.#draining;
  }

  begin(exchange: RunningExchange): void {
    this.#running.add(exchange);
  }

  end(exchange: RunningExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size === 0) this.#idle?.();
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#tell.drained();
  }

  /** Handlers that outlive the grace are told, and left to themselves. */
  protected async finish(graceMs: number): Promise<void> {
    if (this.#running.size > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.timer(graceMs, resolve);
        this.#idle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const exchange of [...this.#running]) exchange.dropConnection();
    this.#tell.closed();
  }
}
