import type { ChannelState } from "./transport.js";
import { warn } from "./warn.js";

/** Those who are told of the states of a channel. One that throws is warned of: it is no failure of the call that changed the state. */
export class StateListeners {
  /** Replaced with every change: whoever is being told goes on with those there were. */
  #listeners: readonly StateListener[] = [];

  /** Returns what ends it. */
  add(listener: StateListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }

  tell(state: ChannelState): void {
    for (const listener of this.#listeners) {
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
    this.#listeners = [];
  }
}

type StateListener = (state: ChannelState) => void;
