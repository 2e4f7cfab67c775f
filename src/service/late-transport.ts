import type { Call, Reply } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { CallGuard } from "../transport/call-guard.js";
import { closedError } from "../transport/closed-error.js";
import { StateListeners } from "../transport/state-listeners.js";
import type { Address, Channel, ChannelState, Transport } from "../transport/transport.js";

export interface LateTransportOptions {
  readonly name: string;
  readonly schemes: readonly string[];
  /** Looks an address over. @throws TypeError for one that the driver does not go to */
  readonly check: (address: Address) => void;
  /** What deadlines are kept by until the driver is there. */
  readonly clock: Clock;
  /** Called once, by the first who connects, calls or listens. */
  readonly load: () => Promise<Transport>;
}

/**
 * A transport whose driver is loaded when it is first needed: for those that bring a heavy library along. Where that
 * cannot be loaded, `listen()` rejects with the reason and every call is FAILED_PRECONDITION. A call waits for it no longer
 * than for anything else.
 */
export function lateTransport({ name, schemes, check, clock, load }: LateTransportOptions): Transport {
  let loading: Promise<Transport> | undefined;
  let driver: Transport | undefined;
  const loaded = (): Promise<Transport> => {
    loading ??= load().then((transport) => {
      driver = transport;
      return transport;
    });
    return loading;
  };
  return {
    name,
    schemes,
    connect(address) {
      check(address);
      return driver?.connect(address) ?? new LateChannel(address, clock, loaded);
    },
    async listen(address, router) {
      check(address);
      return (await loaded()).listen(address, router);
    },
  };
}

/** A channel that was made before the driver was there. */
class LateChannel implements Channel {
  readonly address: Address;
  readonly #clock: Clock;
  readonly #load: () => Promise<Transport>;
  readonly #listeners = new StateListeners();
  #opening: Promise<Channel> | undefined;
  #channel: Channel | undefined;
  #unfollow: (() => void) | undefined;
  #failed = false;
  #closing: Promise<void> | undefined;

  constructor(address: Address, clock: Clock, load: () => Promise<Transport>) {
    this.address = address;
    this.#clock = clock;
    this.#load = load;
  }

  get state(): ChannelState {
    if (this.#closing !== undefined) return "closed";
    return this.#channel?.state ?? (this.#failed ? "broken" : "idle");
  }

  readonly invoke = (call: Call): Promise<Reply> => {
    if (this.#channel !== undefined) return this.#channel.invoke(call);
    if (this.#closing === undefined) return this.#invokeLater(call);
    return Promise.reject(CallGuard.refusal(call, this.#clock) ?? closedError(this.address));
  };

  connect(): void {
    if (this.#closing !== undefined) return;
    if (this.#channel !== undefined) this.#channel.connect();
    else
      this.#open().then(
        (channel) => channel.connect(),
        () => {}, // the state says so
      );
  }

  onState(listener: (state: ChannelState) => void): () => void {
    return this.#listeners.add(listener);
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#unfollow?.();
      this.#closing = this.#close();
      this.#listeners.close();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #invokeLater(call: Call): Promise<Reply> {
    const refusal = CallGuard.refusal(call, this.#clock);
    if (refusal !== undefined) throw refusal;
    const channel = await this.#openFor(call);
    return await channel.invoke(call);
  }

  /** Waits no longer than the call does. */
  #openFor(call: Call): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const guard = new CallGuard(call, this.#clock, reject);
      void this.#open()
        .then(resolve, (cause) => reject(notLoaded(cause)))
        .then(() => guard.release());
    });
  }

  /** Calls that waited run before whatever closes the channel: promises keep their order. */
  async #close(): Promise<void> {
    const channel = this.#channel ?? (await this.#opening?.catch(() => undefined));
    await channel?.close();
  }

  #open(): Promise<Channel> {
    this.#opening ??= this.#attach();
    return this.#opening;
  }

  async #attach(): Promise<Channel> {
    try {
      const channel = (await this.#load()).connect(this.address);
      this.#channel = channel;
      if (this.#closing !== undefined) return channel;
      this.#unfollow = channel.onState((state) => this.#listeners.tell(state));
      if (channel.state !== "idle") this.#listeners.tell(channel.state);
      return channel;
    } catch (reason) {
      this.#failed = true;
      this.#listeners.tell("broken");
      throw reason;
    }
  }
}

function notLoaded(cause: unknown): RpcError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.FAILED_PRECONDITION, reason, { cause, unprocessed: true });
}
