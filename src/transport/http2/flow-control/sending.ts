import { ConnectionError, Http2Code } from "../errors.js";
import { defaultMaxFrameBytes } from "../frames/frames.js";
import type { Outbox, OutboxSource } from "../outbox.js";
import { defaultWindowBytes, maxWindowBytes } from "../settings.js";

/** More than this is not gathered for one write. */
const flushBytes = 256 * 1024;

/** More than this does not wait in the socket: it stays with the streams, where it can be cancelled and takes turns. */
const congestedBytes = 512 * 1024;

/** A frame of DATA is no longer than this, whatever the peer takes: a small message of another stream waits no longer. */
const turnBytes = 64 * 1024;

/** One of those who share a connection. */
export interface Sender {
  /** Whether a turn would send something. */
  readonly sendable: boolean;
  /** Whether it stands in the line. */
  waits: boolean;
  /** Sends one frame at most. @param most bytes of payload */
  turn(most: number): void;
}

/** Who may send how much on a connection: the peer's windows, and fair turns for what waits (RFC 9113 §5.2). */
export class Sending implements OutboxSource {
  /** What the peer takes on the whole connection. */
  window: number = defaultWindowBytes;
  /** Of a new stream. */
  streamWindow: number = defaultWindowBytes;
  /** SETTINGS_MAX_FRAME_SIZE of the peer. */
  maxFrameBytes: number = defaultMaxFrameBytes;
  /** Data went out, or header fields, since the peer's last PING. */
  spoke = false;
  readonly #outbox: Outbox;
  /** In the order of their turns. */
  readonly #waiting: Sender[] = [];

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** No frame of DATA is longer, in bytes of payload. */
  get maxDataBytes(): number {
    return Math.min(this.maxFrameBytes, turnBytes);
  }

  /** Whether a frame of so many bytes may go out at once. */
  takes(bytes: number): boolean {
    return (
      bytes <= this.window &&
      bytes <= this.maxDataBytes &&
      this.#waiting.length === 0 &&
      this.#outbox.unsentBytes < congestedBytes
    );
  }

  /** So many bytes of DATA go out. */
  spend(bytes: number): void {
    this.window -= bytes;
    this.spoke = true;
  }

  enqueue(sender: Sender): void {
    if (!sender.sendable) return;
    this.#line(sender);
    this.#outbox.schedule();
  }

  forget(sender: Sender): void {
    if (!sender.waits) return;
    sender.waits = false;
    this.#waiting.splice(this.#waiting.indexOf(sender), 1);
  }

  /** @throws ConnectionError where the window grows beyond what there can be */
  grow(bytes: number): void {
    this.window += bytes;
    if (this.window > maxWindowBytes) {
      throw new ConnectionError(Http2Code.FLOW_CONTROL_ERROR, "the window of the connection overflows");
    }
    if (this.#waiting.length > 0) this.#outbox.schedule();
  }

  /** Moves what may go out to the outbox, a frame a stream in turn. */
  pump(): void {
    const most = this.maxDataBytes;
    while (this.#waiting.length > 0) {
      if (this.window <= 0 || this.#outbox.gatheredBytes >= flushBytes) return;
      if (this.#outbox.unsentBytes >= congestedBytes) return;
      const sender = this.#waiting.shift() as Sender;
      sender.waits = false;
      if (!sender.sendable) continue; // the peer has made its window smaller since
      sender.turn(Math.min(most, this.window));
      if (sender.sendable) this.#line(sender);
    }
  }

  /** Whether a flush would send more. */
  get pending(): boolean {
    return this.#waiting.length > 0 && this.window > 0 && this.#outbox.unsentBytes < congestedBytes;
  }

  #line(sender: Sender): void {
    if (sender.waits) return;
    sender.waits = true;
    this.#waiting.push(sender);
  }
}
