import type { Socket } from "node:net";
import { Code, RpcError } from "../../../errors/errors.js";
import type { Timer } from "../../../time/time.js";
import type { ParsedAddress } from "../../address.js";
import { ClientConnection, type ClientConnectionEvents } from "../connection/client-connection.js";
import type { ConnectionOptions } from "../connection/connection-options.js";
import type { Leaving } from "../connection/leaving.js";
import type { ResolvedOptions } from "../options.js";
import { silenceTimer } from "../silence-timer.js";
import type { Waiter } from "./call-target.js";
import { openSocket } from "./open-socket.js";

/** Who is told what becomes of a link. */
export interface LinkOwner {
  onReady(link: Link): void;
  onRoom(link: Link): void;
  /** It takes no further calls; those that run go on. */
  onLeaving(link: Link, leaving: Leaving): void;
  /** Once, last. Before `onReady` it says why there is no connection. */
  onClosed(link: Link, reason: RpcError): void;
}

/** One connection of a client, from the first attempt to its end. The attempt includes TLS and the peer's SETTINGS. */
export class Link implements ClientConnectionEvents {
  readonly #options: ResolvedOptions;
  readonly #connectionOptions: ConnectionOptions;
  readonly #owner: LinkOwner;
  readonly #socket: Socket;
  #timeout: Timer | undefined;
  #connection: ClientConnection | undefined;
  #stage: "dialling" | "ready" | "over" = "dialling";
  #readyAt = 0;
  #carried = false;

  constructor(endpoint: ParsedAddress, options: ResolvedOptions, connection: ConnectionOptions, owner: LinkOwner) {
    this.#options = options;
    this.#connectionOptions = connection;
    this.#owner = owner;
    this.#timeout = silenceTimer(options.clock, options.connectTimeoutMs, () => this.#giveUp());
    this.#socket = openSocket(endpoint, options.tls, {
      onOpen: () => this.#begin(),
      onFailure: (reason, cause) => this.#fail(reason, cause),
    });
  }

  /** Whether one more call can run now. */
  get hasRoom(): boolean {
    return this.#connection?.takesCall() === true;
  }

  /** To be called where there is room. */
  carry(waiter: Waiter): void {
    this.#carried = true;
    waiter.onConnection(this.#connection as ClientConnection);
  }

  /** Whether calls were made over it, whatever became of them. */
  get carried(): boolean {
    return this.#carried;
  }

  /** Whether it was of any use: the server answered a call, or it stood for longer than so long. */
  proved(ms: number): boolean {
    return this.#connection?.useful === true || this.#options.clock.now() - this.#readyAt > ms;
  }

  /** How often it probes the server. */
  get keepaliveMs(): number {
    return this.#connectionOptions.keepaliveMs;
  }

  get running(): number {
    return this.#connection?.running ?? 0;
  }

  /** Closes once no calls run, an attempt at once. Its owner hears no more of it. */
  close(): void {
    const stage = this.#stage;
    this.#stage = "over";
    if (stage === "ready") this.#connection?.drain();
    else this.#destroy("no longer wanted");
  }

  onReady(): void {
    this.#stage = "ready";
    this.#readyAt = this.#options.clock.now();
    this.#timeout?.cancel();
    this.#timeout = undefined;
    this.#owner.onReady(this);
  }

  onRoom(): void {
    if (this.#stage === "ready") this.#owner.onRoom(this);
  }

  onLeaving(leaving: Leaving): void {
    if (this.#stage === "ready") this.#owner.onLeaving(this, leaving);
    else this.#fail(`the server takes no calls: ${leaving.message}`);
  }

  onClosed(message: string): void {
    if (this.#stage === "dialling") this.#fail(message);
    if (this.#stage !== "ready") return;
    this.#stage = "over";
    this.#owner.onClosed(this, unavailable(message));
  }

  #begin(): void {
    this.#connection = new ClientConnection(this.#socket, this.#connectionOptions, this);
  }

  #giveUp(): void {
    const missing = this.#connection === undefined ? "" : ": the server does not speak HTTP/2, or hangs";
    this.#fail(`no connection within ${this.#options.connectTimeoutMs} ms${missing}`);
  }

  #fail(reason: string, cause?: unknown): void {
    if (this.#stage !== "dialling") return;
    this.#stage = "over";
    this.#destroy(reason);
    this.#owner.onClosed(this, unavailable(reason, cause));
  }

  #destroy(reason: string): void {
    this.#timeout?.cancel();
    if (this.#connection !== undefined) this.#connection.destroy(reason);
    else this.#socket.destroy();
  }
}

/** No call was sent. */
export function unavailable(reason: string, cause?: unknown): RpcError {
  return new RpcError(Code.UNAVAILABLE, reason, { unprocessed: true, cause });
}
