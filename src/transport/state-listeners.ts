import type { ChannelState } from "./transport.js";
import { warn } from "./warn.js";

/** Those who are told of the states of a channel. One that throws is warned of: it is no failure of the call that changed the state. */
export class StateListeners {
  /** Replaced with every change: whoever is being told goes on with those there were. */
  #listeners: readonly Entry[] = [];

  /** Returns what ends it. */
  add(listener: (state: ChannelState) => void): () => void {
    const entry: Entry = { listener };
    this.#listeners = [...this.#listeners, entry];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== entry);
    };
  }

  tell(state: ChannelState): void {
    for (const { listener } of this.#listeners) {
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

/** One for every `add()`: the same listener may be told twice, and ends each time for itself. */
interface Entry {
  readonly listener: (state: ChannelState) => void;
}
