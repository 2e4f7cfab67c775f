import type { ChannelState } from "./transport.js";
import { warn } from "./warn.js";

/** Those who are told of the states of a channel. One that throws is warned of: it is no failure of the call that changed the state. */
export class StateListeners {
  readonly #listeners = new Set<(state: ChannelState) => void>();

  /** Returns what ends it. */
  add(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(state: ChannelState): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (reason) {
        warn(`a listener to the state of a channel throws (${state})`, reason);
      }
    }
  }

  /** Tells them that the channel is closed: the last there is to tell. */
  close(): void {
    this.tell("closed");
    this.#listeners.clear();
  }
}
