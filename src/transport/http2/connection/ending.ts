import type { Socket } from "node:net";
import type { Clock, Timer } from "../../../time/time.js";
import { ConnectionError, Http2Code, http2CodeName } from "../errors.js";
import { writeGoaway } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";

/** How long a peer may read why it was thrown out, in ms. */
const lingerMs = 1000;

/** How long a peer may read its last answers once the system has them all, in ms: a buffer full, over a slow road. */
export const farewellMs: number = 30_000;

/** Whose end it is. */
export interface EndingSink {
  /** Of the streams the peer opened: the last, which GOAWAY names. */
  readonly lastPeerId: number;
  /** Once: nothing more can be said or heard. @param message why, for people */
  onEnded(message: string): void;
}

/** How a connection ends: once, whoever wants it; and a peer has time to read what was said last, but not for ever. */
export class Ending {
  /** What the peer said when it left. */
  lastWords: string | undefined;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #sink: EndingSink;
  #over = false;
  #lingerTimer: Timer | undefined;

  constructor(socket: Socket, outbox: Outbox, clock: Clock, sink: EndingSink) {
    this.#socket = socket;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#sink = sink;
  }

  /** Whether nothing more can be said or heard. */
  get over(): boolean {
    return this.#over;
  }

  /** From now on the end of the socket is the end of the connection. */
  watch(): void {
    this.#socket.on("error", (error: Error) => this.#end(this.lastWords ?? error.message));
    this.#socket.on("close", () => this.#end(this.lastWords ?? "the connection dropped"));
    this.#socket.on("end", () => this.destroy(this.lastWords ?? "the peer closed the connection"));
  }

  /** At once: nothing that waits to be sent is sent. */
  destroy(message: string): void {
    this.#socket.destroy();
    this.#end(message);
  }

  /**
   * Once what was said has left.
   *
   * @param withinMs the peer is to have read it by then, and closed its side. Default: it reads as slowly as it likes, and
   * is given `farewellMs` once the system has it all
   */
  leave(message: string, withinMs?: number): void {
    if (this.#over) return;
    this.#outbox.finish();
    this.#end(message);
    if (withinMs === undefined) this.#socket.once("finish", () => this.#linger(farewellMs));
    else this.#linger(withinMs);
    this.#socket.once("close", () => this.#lingerTimer?.cancel());
    this.#socket.end();
    // What the peer goes on sending is thrown away: a socket closed over unread bytes would take our last words with it.
    this.#socket.resume();
  }

  /** Tells the peer what it did. What waits to be sent is not waited for. */
  fail(error: ConnectionError): void {
    this.#throwOut(error, error.message);
  }

  /** A fault of ours: the peer is told no more than that there was one. */
  breakDown(fault: unknown): void {
    const text = fault instanceof Error ? fault.message : "something that is no Error was thrown";
    this.#throwOut(new ConnectionError(Http2Code.INTERNAL_ERROR, "internal error"), `a fault of ours: ${text}`);
  }

  /** @param toUs what this side is told */
  #throwOut(error: ConnectionError, toUs: string): void {
    if (this.#over) return;
    writeGoaway(this.#outbox, this.#sink.lastPeerId, error.code, error.message);
    this.leave(`${http2CodeName(error.code)}: ${toUs}`, lingerMs);
  }

  #linger(ms: number): void {
    this.#lingerTimer = this.#clock.timer(ms, () => this.#socket.destroy(), true);
  }

  #end(message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#outbox.close();
    this.#sink.onEnded(message);
  }
}
