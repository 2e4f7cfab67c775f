import type { Address, Channel, ChannelState } from "./transport.js";

/**
 * One channel per address, however many ask for it: each gets a handle of its own, and the last `close()` closes the
 * channel.
 */
export function shareChannels(open: (address: Address) => Channel): (address: Address) => Channel {
  const shared = new Map<Address, { readonly channel: Channel; handles: number }>();
  return (address) => {
    const entry = shared.get(address) ?? { channel: open(address), handles: 0 };
    shared.set(address, entry);
    entry.handles++;
    return new ChannelHandle(entry.channel, () => {
      if (--entry.handles > 0) return Promise.resolve();
      shared.delete(address);
      return entry.channel.close();
    });
  };
}

class ChannelHandle implements Channel {
  readonly #channel: Channel;
  readonly #release: () => Promise<void>;
  readonly #unsubscribe = new Set<() => void>();
  #closing: Promise<void> | undefined;
  readonly invoke: Channel["invoke"];

  constructor(channel: Channel, release: () => Promise<void>) {
    this.#channel = channel;
    this.#release = release;
    this.invoke = channel.invoke;
  }

  get address(): Address {
    return this.#channel.address;
  }

  get state(): ChannelState {
    return this.#closing === undefined ? this.#channel.state : "closed";
  }

  connect(): void {
    this.#channel.connect();
  }

  onState(listener: (state: ChannelState) => void): () => void {
    const end = this.#channel.onState(listener);
    this.#unsubscribe.add(end);
    return () => {
      this.#unsubscribe.delete(end);
      end();
    };
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      for (const end of this.#unsubscribe) end();
      this.#closing = this.#release();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
