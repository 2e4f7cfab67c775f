import type { Call, Reply } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { CallGuard } from "../call-guard.js";
import { contentType } from "../grpc/content-type.js";
import { RunningCalls } from "../running-calls.js";
import type { Share } from "../shared-by-address.js";
import type { Address, Channel, ChannelState } from "../transport.js";
import type { ChannelSettings } from "./channel-settings.js";
import type { Connection } from "./connection.js";
import type { ResolvedOptions } from "./options.js";
import { StreamCall } from "./stream-call.js";
import { UnaryCall } from "./unary-call.js";
import { writeWindowBytes } from "./write-window.js";

/** One user of the connection to an address, and the calls this user has running on it. */
export class GrpcJsChannel implements Channel {
  readonly address: Address;
  readonly #settings: ChannelSettings;
  readonly #connection: Connection;
  readonly #letGo: () => void;
  readonly #unfollow: () => void;
  readonly #listeners = new Set<(state: ChannelState) => void>();
  readonly #running = new RunningCalls();
  #closing: Promise<void> | undefined;

  constructor(address: Address, connection: Share<Connection>, options: ResolvedOptions) {
    this.address = address;
    const { codec, compressMinBytes, clock } = options;
    // grpc-js compresses aside: with more than one message under way a small one would overtake a large one.
    const windowBytes = options.compression === "identity" ? writeWindowBytes : 1;
    this.#settings = { address, codec, contentType: contentType(codec), compressMinBytes, windowBytes, clock };
    this.#connection = connection.value;
    this.#letGo = () => connection.release();
    this.#unfollow = this.#connection.onState((state) => this.#tell(state));
  }

  get state(): ChannelState {
    return this.#closing === undefined ? this.#connection.state : "closed";
  }

  connect(): void {
    if (this.#closing === undefined) this.#connection.connect();
  }

  onState(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly invoke = (call: Call): Promise<Reply> => {
    const refusal = CallGuard.refusal(call, this.#settings.clock) ?? this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#running.begin();
    return new Promise((resolve, reject) => {
      const caller = { resolve, reject, ended: this.#running.end };
      const channel = this.#connection.channel;
      if (call.method.kind === "unary") new UnaryCall(call, channel, this.#settings, caller).start();
      else new StreamCall(call, channel, this.#settings, caller).start();
    });
  };

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#unfollow();
      this.#closing = this.#drain();
      this.#tell("closed");
      this.#listeners.clear();
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

  #tell(state: ChannelState): void {
    for (const listener of [...this.#listeners]) listener(state);
  }

  #refusal(): RpcError | undefined {
    if (this.#closing === undefined) return undefined;
    return new RpcError(Code.UNAVAILABLE, `the channel to ${this.address} is closed`, { unprocessed: true });
  }
}
