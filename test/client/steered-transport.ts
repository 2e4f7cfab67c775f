import type { Call, Reply } from "../../src/contract/contract.js";
import { Metadata } from "../../src/contract/contract.js";
import type { Address, Channel, ChannelState, Listener, Transport } from "../../src/transport/transport.js";

/** A channel that is in the state a test says, and remembers what it was asked for. */
export class SteeredChannel implements Channel {
  readonly address: Address;
  readonly #listeners = new Set<(state: ChannelState) => void>();
  #state: ChannelState;
  /** How often it was told to connect now. */
  connects = 0;

  constructor(address: Address, state: ChannelState) {
    this.address = address;
    this.#state = state;
  }

  get state(): ChannelState {
    return this.#state;
  }

  become(state: ChannelState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  invoke = async (_call: Call): Promise<Reply> => ({
    message: {},
    header: new Metadata(),
    trailer: () => new Metadata(),
  });

  connect(): void {
    this.connects++;
  }

  onState(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#state !== "closed") this.become("closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Opens channels that do as a test says. */
export class SteeredTransport implements Transport {
  readonly name = "steered";
  readonly schemes = ["grpc"];
  readonly channels: SteeredChannel[] = [];
  /** Of channels that are opened from now on. */
  firstState: ChannelState = "idle";

  connect(address: Address): SteeredChannel {
    const channel = new SteeredChannel(address, this.firstState);
    this.channels.push(channel);
    return channel;
  }

  listen(): Promise<Listener> {
    return Promise.reject(new Error("nobody listens here"));
  }
}
