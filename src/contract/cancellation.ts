import { setMaxListeners } from "node:events";

/** Of an `AbortSignal`, what it takes to know that a call has been given up. */
export interface AbortSource {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: AbortListener): void;
  removeEventListener(type: "abort", listener: AbortListener): void;
}

export interface AbortListener {
  handleEvent(): void;
}

/** A signal that is made when it is asked for; whoever need not have one asks here. */
export interface LazySignal extends AbortSource {
  readonly signal: AbortSignal;
}

/**
 * An `AbortController` of which nothing is made before somebody asks for its signal, or a second one listens: as long as
 * nobody does, it takes a tenth of the memory. A listener is added once.
 */
export class Cancellation implements LazySignal {
  aborted = false;
  reason: unknown;
  #listener: AbortListener | undefined;
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // one may serve any number of calls
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#controller?.abort(reason);
    try {
      this.#listener?.handleEvent();
    } catch (error) {
      // As with an AbortSignal: whoever aborts is not the one to hear of it.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  addEventListener(type: "abort", listener: AbortListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else this.signal.addEventListener(type, listener);
  }

  removeEventListener(type: "abort", listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#controller?.signal.removeEventListener(type, listener);
  }
}
