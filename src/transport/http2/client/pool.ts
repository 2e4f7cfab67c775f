import type { RpcError } from "../../../errors/errors.js";
import type { Timer } from "../../../time/time.js";
import type { ParsedAddress } from "../../address.js";
import { parseEndpoint } from "../../grpc/endpoint.js";
import type { Connector } from "../../grpc/shared-channel.js";
import { StateListeners } from "../../state-listeners.js";
import type { Address, ChannelState } from "../../transport.js";
import type { ConnectionOptions } from "../connection/connection-options.js";
import type { Leaving } from "../connection/leaving.js";
import { probingLess } from "../connection/ping-pace.js";
import { connectionOptions, type ResolvedOptions } from "../options.js";
import { Attempts } from "./attempts.js";
import type { CallTarget, Waiter } from "./call-target.js";
import { Link, type LinkOwner, unavailable } from "./link.js";
import { WaitingLine } from "./waiting-line.js";

/**
 * The connections to one address: one, and more where that is full and options allow it. Reconnects with backoff for as
 * long as it is open; a call that comes after a connection fell, or `connect()`, cuts the wait short. After an attempt that
 * failed calls fail at once, with the reason, until the next begins. A connection that fell, or was told to go, before a
 * call on it was answered or it had stood for as long as the wait is an attempt that failed; where it had calls the first
 * such in a row is forgiven, and followed by another at once.
 */
export class Pool implements CallTarget, Connector, LinkOwner {
  readonly address: Address;
  readonly #endpoint: ParsedAddress;
  readonly #options: ResolvedOptions;
  readonly #attempts: Attempts;
  readonly #listeners = new StateListeners();
  readonly #waiting = new WaitingLine<Waiter>();
  /** Those that take calls, the oldest first. */
  readonly #links: Link[] = [];
  /** Those that finish what runs. */
  #leaving: readonly Link[] = [];
  #dialling: Link | undefined;
  #retry: Timer | undefined;
  /** Why the last attempt failed; undefined where it did not. */
  #failure: RpcError | undefined;
  #state: ChannelState = "idle";
  #connectionOptions: ConnectionOptions;

  constructor(address: Address, options: ResolvedOptions) {
    this.address = address;
    this.#endpoint = parseEndpoint(address, "http2");
    this.#options = options;
    this.#connectionOptions = connectionOptions(options);
    this.#attempts = new Attempts(options);
  }

  get state(): ChannelState {
    return this.#state;
  }

  onState(listener: (state: ChannelState) => void): () => void {
    return this.#listeners.add(listener);
  }

  connect(): void {
    if (this.#links.length === 0) this.#dial();
  }

  acquire(waiter: Waiter): void {
    const link = this.#waiting.length === 0 ? this.#withRoom() : undefined;
    if (link !== undefined) link.carry(waiter);
    else if (this.#failure !== undefined && this.#links.length === 0 && this.#dialling === undefined) {
      waiter.onFailure(this.#failure);
    } else {
      this.#waiting.push(waiter);
      this.#dialForWaiting();
    }
  }

  forget(waiter: Waiter): void {
    this.#waiting.remove(waiter);
  }

  /** To be called when no call runs or waits. */
  close(): void {
    if (this.#state === "closed") return;
    this.#retry?.cancel();
    this.#dialling?.close();
    for (const link of [...this.#links, ...this.#leaving]) link.close();
    this.#state = "closed";
    this.#listeners.close();
  }

  onReady(link: Link): void {
    this.#dialling = undefined;
    this.#failure = undefined;
    this.#links.push(link);
    this.#become("ready");
    this.onRoom(link);
    this.#dialForWaiting();
  }

  onRoom(link: Link): void {
    while (this.#waiting.length > 0 && link.hasRoom) link.carry(this.#waiting.shift() as Waiter);
  }

  onLeaving(link: Link, leaving: Leaving): void {
    if (leaving.tooManyPings) this.#connectionOptions = probingLess(this.#connectionOptions, link.keepaliveMs);
    this.#leaving = [...this.#leaving, link];
    const busy = link.running > 0 || this.#waiting.length > 0;
    if (leaving.idle && !busy && this.#links.length === 1) {
      this.#remove(link);
      this.#attempts.thrived(link);
      this.#become("idle");
    } else {
      this.#lose(link, busy, unavailable(leaving.message));
    }
  }

  onClosed(link: Link, reason: RpcError): void {
    if (this.#leaving.includes(link)) {
      this.#leaving = this.#leaving.filter((each) => each !== link);
    } else if (link === this.#dialling) {
      this.#dialling = undefined;
      this.#failed(reason);
    } else {
      this.#lose(link, this.#waiting.length > 0, reason);
    }
  }

  /** It takes no more calls. @param busy there are calls to be had */
  #lose(link: Link, busy: boolean, reason: RpcError): void {
    this.#remove(link);
    if (!this.#attempts.thrived(link) && !this.#attempts.forgives(link)) {
      this.#failed(reason);
      return;
    }
    if (this.#links.length > 0) {
      this.#dialForWaiting();
      return;
    }
    this.#become("broken");
    if (busy) this.#dial();
    else if (this.#dialling === undefined) this.#dialLater();
  }

  #remove(link: Link): void {
    this.#links.splice(this.#links.indexOf(link), 1);
  }

  /** Nothing came of an attempt. Where another is under way, that decides. */
  #failed(reason: RpcError): void {
    if (this.#dialling === undefined) this.#dialLater();
    if (this.#links.length > 0) return;
    this.#failure = reason;
    this.#become("broken");
    if (this.#dialling !== undefined) return;
    for (let left = this.#waiting.length; left > 0; left--) this.#waiting.shift()?.onFailure(reason);
  }

  #withRoom(): Link | undefined {
    for (const link of this.#links) if (link.hasRoom) return link;
    return undefined;
  }

  /** Not while an attempt that failed is to be followed by a wait, unless it is for the first connection. */
  #dialForWaiting(): void {
    if (this.#waiting.length === 0) return;
    const { length } = this.#links;
    if (length === 0 || (length < this.#options.maxConnectionsPerAddress && this.#retry === undefined)) this.#dial();
  }

  #dial(): void {
    if (this.#dialling !== undefined || this.#state === "closed") return;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#dialling = new Link(this.#endpoint, this.#options, this.#connectionOptions, this);
    if (this.#state === "idle") this.#become("connecting");
  }

  #dialLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#options.clock.timer(this.#attempts.failed(), () => this.#retryNow(), true);
  }

  #retryNow(): void {
    this.#retry = undefined;
    if (this.#links.length === 0) this.#dial();
    else this.#dialForWaiting();
  }

  #become(state: ChannelState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#listeners.tell(state);
  }
}
