import type { Socket } from "node:net";
import type { Timer } from "../../../time/time.js";
import type { ConnectionOptions } from "../connection/connection-options.js";
import { ServerConnection, type ServerConnectionEvents } from "../connection/server-connection.js";
import type { ResolvedOptions } from "../options.js";
import type { Stream, StreamHandler } from "../stream/stream.js";

/** What the connections of a listener share. */
export interface ServedConnectionOptions {
  readonly connection: ConnectionOptions;
  /** Begins a call. */
  readonly serve: (stream: Stream, peer: string) => StreamHandler;
  /** A connection broke down, and it was not the client's fault. */
  readonly onFault: (fault: unknown) => void;
  readonly onClosed: (connection: ServedConnection) => void;
}

/** After how long without a word the system asks whether the client is still there, in ms: it costs no timer, and no strike. */
const tcpKeepaliveMs = 5 * 60_000;

/** A client's connection, which ends when it has been idle or has grown old (gRFC A9). */
export class ServedConnection implements ServerConnectionEvents {
  readonly #options: ResolvedOptions;
  readonly onFault: (fault: unknown) => void;
  readonly #serve: (stream: Stream, peer: string) => StreamHandler;
  readonly #onClosed: (connection: ServedConnection) => void;
  readonly #peer: string;
  readonly #connection: ServerConnection;
  #idleSince: number;
  #idleTimer: Timer | undefined;
  #ageTimer: Timer | undefined;

  constructor(
    socket: Socket,
    options: ResolvedOptions,
    { connection, serve, onFault, onClosed }: ServedConnectionOptions,
  ) {
    this.#options = options;
    this.#serve = serve;
    this.onFault = onFault;
    this.#onClosed = onClosed;
    this.#peer = peerOf(socket);
    socket.setKeepAlive(true, tcpKeepaliveMs);
    this.#connection = new ServerConnection(socket, connection, this);
    this.#idleSince = options.clock.now();
    this.onIdle();
    const { maxConnectionAgeMs, random } = options;
    this.#ageTimer = this.#timer(maxConnectionAgeMs * (0.9 + 0.2 * random()), () => this.#grownOld());
    // Not when the connection is over: its last answers may still be unread, and that has an end, too.
    socket.once("close", () => this.#ageTimer?.cancel());
  }

  /** Calls that come from now on may go elsewhere. */
  drain(): void {
    this.#connection.drain("shutting down", true);
  }

  destroy(reason: string): void {
    this.#connection.destroy(reason);
  }

  onStream(stream: Stream): StreamHandler {
    return this.#serve(stream, this.#peer);
  }

  /** One timer, however many calls come and go while it runs. */
  onIdle(): void {
    const { maxConnectionIdleMs, clock } = this.#options;
    if (maxConnectionIdleMs === Number.POSITIVE_INFINITY) return;
    this.#idleSince = clock.now();
    this.#idleTimer ??= this.#timer(maxConnectionIdleMs, () => this.#checkIdle());
  }

  onClosed(): void {
    this.#idleTimer?.cancel();
    this.#onClosed(this);
  }

  #checkIdle(): void {
    this.#idleTimer = undefined;
    if (this.#connection.running > 0) return;
    const leftMs = this.#idleSince + this.#options.maxConnectionIdleMs - this.#options.clock.now();
    if (leftMs > 0) this.#idleTimer = this.#timer(leftMs, () => this.#checkIdle());
    else this.#connection.drain("max_idle");
  }

  #grownOld(): void {
    this.#connection.drain("max_age");
    this.#ageTimer = this.#timer(this.#options.maxConnectionAgeGraceMs, () => this.destroy("grown too old"));
  }

  /** None where the time is without end. */
  #timer(ms: number, fire: () => void): Timer | undefined {
    return ms === Number.POSITIVE_INFINITY ? undefined : this.#options.clock.timer(ms, fire, true);
  }
}

/** As grpc-js says it: `127.0.0.1:50123`. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? "unknown" : `${remoteAddress}:${remotePort}`;
}
