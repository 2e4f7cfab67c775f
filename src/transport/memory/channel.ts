import type { Call, Reply } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { CallGuard } from "../call-guard.js";
import { PromisedCaller } from "../caller.js";
import { closedError } from "../closed-error.js";
import { RunningCalls } from "../running-calls.js";
import { StateListeners } from "../state-listeners.js";
import type { Address, Channel, ChannelState } from "../transport.js";
import { MemoryExchange } from "./exchange.js";
import type { MemoryNetwork } from "./network.js";
import type { ResolvedMemoryOptions } from "./options.js";

/** The client side: a name that is looked up at every call. */
export class MemoryChannel implements Channel {
  readonly address: Address;
  readonly #host: string;
  readonly #network: MemoryNetwork;
  readonly #options: ResolvedMemoryOptions;
  readonly #listeners = new StateListeners();
  readonly #unfollow: () => void;
  #told: ChannelState;
  readonly #running = new RunningCalls();
  #closing: Promise<void> | undefined;

  constructor(address: Address, host: string, network: MemoryNetwork, options: ResolvedMemoryOptions) {
    this.address = address;
    this.#host = host;
    this.#network = network;
    this.#options = options;
    this.#told = this.state;
    this.#unfollow = network.follow(host, () => this.#tell());
  }

  get state(): ChannelState {
    if (this.#closing !== undefined) return "closed";
    return this.#network.find(this.#host)?.accepts ? "ready" : "broken";
  }

  connect(): void {}

  onState(listener: (state: ChannelState) => void): () => void {
    return this.#listeners.add(listener);
  }

  readonly invoke = (call: Call): Promise<Reply> => {
    const refusal = CallGuard.refusal(call, this.#options.clock);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#closing !== undefined) return Promise.reject(closedError(this.address));
    const listener = this.#network.find(this.#host);
    if (listener === undefined) return Promise.reject(unprocessed(`nobody listens at ${this.address}`));
    if (!listener.accepts) return Promise.reject(unprocessed(`${this.address} is draining`));
    this.#running.begin();
    return new Promise((resolve, reject) => {
      const caller = new PromisedCaller(resolve, reject, this.#running.end);
      new MemoryExchange(call, listener, this.#options, caller).start();
    });
  };

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#running.drained();
      this.#unfollow();
      this.#listeners.close();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(): void {
    const { state } = this;
    if (state === this.#told) return;
    this.#told = state;
    this.#listeners.tell(state);
  }
}

function unprocessed(message: string): RpcError {
  return new RpcError(Code.UNAVAILABLE, message, { unprocessed: true });
}
