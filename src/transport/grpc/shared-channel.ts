import type { Call, Reply } from "../../contract/contract.js";
import type { Clock } from "../../time/time.js";
import { CallGuard } from "../call-guard.js";
import { type Caller, PromisedCaller } from "../caller.js";
import { closedError } from "../closed-error.js";
import { RunningCalls } from "../running-calls.js";
import type { Share } from "../shared-by-address.js";
import { StateListeners } from "../state-listeners.js";
import type { Address, Channel, ChannelState } from "../transport.js";

/** What is kept up to one address for all the channels to it. */
export interface Connector {
  readonly state: ChannelState;
  connect(): void;
  onState(listener: (state: ChannelState) => void): () => void;
}

export interface SharedChannelOptions {
  readonly address: Address;
  readonly connector: Share<Connector>;
  readonly clock: Clock;
  /** Begins a call that nothing forbids. */
  readonly start: (call: Call, caller: Caller) => void;
}

/** One user of the connection to an address, and the calls this user has running on it. */
export class SharedChannel implements Channel {
  readonly address: Address;
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #start: (call: Call, caller: Caller) => void;
  readonly #letGo: () => void;
  readonly #unfollow: () => void;
  readonly #listeners = new StateListeners();
  readonly #running = new RunningCalls();
  #closing: Promise<void> | undefined;

  constructor({ address, connector, clock, start }: SharedChannelOptions) {
    this.address = address;
    this.#connector = connector.value;
    this.#clock = clock;
    this.#start = start;
    this.#letGo = () => connector.release();
    this.#unfollow = this.#connector.onState((state) => this.#listeners.tell(state));
  }

  get state(): ChannelState {
    return this.#closing === undefined ? this.#connector.state : "closed";
  }

  connect(): void {
    if (this.#closing === undefined) this.#connector.connect();
  }

  onState(listener: (state: ChannelState) => void): () => void {
    return this.#listeners.add(listener);
  }

  readonly invoke = (call: Call): Promise<Reply> => {
    const refusal = CallGuard.refusal(call, this.#clock);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#closing !== undefined) return Promise.reject(closedError(this.address));
    this.#running.begin();
    return new Promise((resolve, reject) => {
      this.#start(call, new PromisedCaller(resolve, reject, this.#running.end));
    });
  };

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#unfollow();
      this.#closing = this.#drain();
      this.#listeners.close();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    await this.#running.drained();
    this.#letGo();
  }
}
