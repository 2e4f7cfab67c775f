/**
 * How a call reaches a server.
 *
 * A transport promises the same meaning whatever the road: messages are copied, never shared; deadline, cancellation,
 * half-close and back-pressure hold for all four call shapes; `invoke` rejects with an `RpcError` and nothing else, marked
 * `remote` where the server said it and `unprocessed` where certainly no handler saw the call. It demands that `listen`
 * is given every method it shall answer; for any other path it answers UNIMPLEMENTED.
 */
import type { Closeable, HandlerCall, Invoke, Method } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";

export interface Transport {
  /** As in options, logs and metrics: `grpc-js`. */
  readonly name: string;
  /** URL schemes of the endpoints it can reach, the best first: `grpc`, `grpcs`. */
  readonly schemes: readonly string[];
  /** Makes a channel; begins no work until the first call or `connect()`. Channels to one address share its connection. */
  connect(address: Address): Channel;
  /** Serves until the listener is closed. @throws RpcError UNAVAILABLE where the address cannot be had */
  listen(address: Address, router: Router): Promise<Listener>;
}

/** An endpoint as instances publish it: `grpc://127.0.0.1:50051`, `grpc+unix:///run/x.sock`, `memory://orders`. */
export type Address = string;

/** What a listener serves. */
export interface Router {
  /** By path: `/shop.v1.OrdersService/Place`. */
  readonly methods: ReadonlyMap<string, Method>;
  /** Is given a `HandlerCall`. */
  readonly invoke: Invoke;
  /**
   * Is told of what went wrong behind `invoke`: a response that does not fit its type, or is too large. Without a call: in
   * the transport itself.
   */
  readonly onFault?: (error: RpcError, call?: HandlerCall) => void;
}

/** `broken`: the last connection failed or fell, and no new one stands yet. */
export type ChannelState = "idle" | "connecting" | "ready" | "broken" | "closed";

export interface Channel extends Closeable {
  readonly address: Address;
  readonly state: ChannelState;
  readonly invoke: Invoke;
  /** Begins to connect now, without waiting for a call; also cuts a reconnect backoff short. */
  connect(): void;
  /** Calls back after every change of state. Returns what ends that. */
  onState(listener: (state: ChannelState) => void): () => void;
  /** Lets running calls finish, then closes. */
  close(): Promise<void>;
}

export interface Listener extends Closeable {
  /** With the port that was really bound. */
  readonly address: Address;
  /** Refuses new calls such that their callers may safely go elsewhere, and lets running ones finish. */
  drain(): void;
  /** Drains, waits for running calls up to `graceMs`, cancels the rest, closes. Default: 0. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
