import type { Socket } from "node:net";

const pageBytes = 64 * 1024;

/** A socket that takes its time may keep so many times as many bytes of a page as there are for it to write. */
const worthHolding = 4;

/** A page that was written whole serves the next connection that has something to say. */
let spare: Buffer | undefined;

const none: Buffer = Buffer.alloc(0);

/** Where more comes from when it is time to write. */
export interface OutboxSource {
  /** Puts what may go out now. */
  pump(): void;
  /** Whether more could go out after this. */
  readonly pending: boolean;
}

/**
 * What a connection has to say: what is put here in one tick leaves in one write, or a page at a time where it is more.
 * Small frames are written into a page, large payloads are passed on as they are.
 */
export class Outbox {
  /** The page; what is written into it between `reserve()` and `commit()` goes out. */
  bytes: Buffer = none;
  source: OutboxSource | undefined;
  /** Whose DATA the frame is that was written last, and may still grow; 0: nobody's. */
  dataStreamId = 0;
  /** Where the header of that frame stands. */
  dataHeaderAt = 0;
  readonly #socket: Socket;
  /** Of what is in the page already cut off into `#parts`, and of all that is in it. */
  #start = 0;
  #end = 0;
  readonly #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** Whether the last write was taken as it was made. Of TLS none is: it encrypts in its own time. */
  #takesAtOnce = false;
  /** Whether a part is of the page itself, not of a copy. */
  #lent = false;
  #scheduled = false;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Put here and not yet taken by the system, in bytes. */
  get unsentBytes(): number {
    return this.gatheredBytes + this.#socket.writableLength;
  }

  /** Put here since the last write, in bytes. */
  get gatheredBytes(): number {
    return this.#partBytes + this.#end - this.#start;
  }

  /** Where the next frame would begin. */
  get end(): number {
    return this.#end;
  }

  /** Whether so much fits into the page as it is. */
  hasRoom(bytes: number): boolean {
    return this.#end + bytes <= this.bytes.length;
  }

  /** Makes room in the page. Returns where to write; the place is taken with `commit()`. */
  reserve(bytes: number): number {
    this.dataStreamId = 0;
    if (this.#end + bytes > this.bytes.length) this.#turnPage(bytes);
    return this.#end;
  }

  /** The frame whose header stands at `at` is DATA, and the last one: more of the same stream may be added to it. */
  growsFrom(at: number, streamId: number): void {
    this.dataHeaderAt = at;
    this.dataStreamId = streamId;
  }

  /** @param end of what has been written into the page */
  commit(end: number): void {
    this.#end = end;
    if (!this.#scheduled) this.schedule();
  }

  /** Passes bytes on without copying them: they are not to change until they have left. */
  pass(bytes: Uint8Array): void {
    this.dataStreamId = 0;
    this.#cut();
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (!this.#scheduled) this.schedule();
  }

  /** A flush at the end of this tick. */
  schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    process.nextTick(flushOf, this);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    this.source?.pump();
    this.#write();
    if (this.source?.pending !== true || this.#scheduled || this.#socket.writableLength > 0) return;
    // The system takes more, but what came in meanwhile is heard first. A socket that is behind calls with "drain".
    this.#scheduled = true;
    setImmediate(flushOf, this);
  }

  /** Writes what is here, and asks nobody for more. */
  finish(): void {
    if (!this.#closed) this.#write();
    this.close();
  }

  /** Nothing more is written. */
  close(): void {
    this.#closed = true;
    this.#parts.length = 0;
    this.bytes = none;
    this.#start = 0;
    this.#end = 0;
  }

  #write(): void {
    const socket = this.#socket;
    this.dataStreamId = 0;
    if (this.#parts.length === 0) {
      if (this.#end === this.#start) return;
      socket.write(this.#slice());
    } else {
      this.#cut();
      socket.cork();
      for (const part of this.#parts) socket.write(part);
      this.#parts.length = 0;
      this.#partBytes = 0;
      socket.uncork();
    }
    this.#takesAtOnce = socket.writableLength === 0;
    this.#leavePage(this.#takesAtOnce || !this.#lent);
  }

  #turnPage(bytes: number): void {
    if (this.bytes !== none) this.#write();
    this.bytes = spare !== undefined && bytes <= pageBytes ? spare : Buffer.allocUnsafeSlow(Math.max(pageBytes, bytes));
    if (this.bytes === spare) spare = undefined;
  }

  /** @param free whether nobody reads it any more; else it goes with the socket that does */
  #leavePage(free: boolean): void {
    if (free && this.bytes.length === pageBytes) spare = this.bytes;
    this.bytes = none;
    this.#start = 0;
    this.#end = 0;
    this.#lent = false;
  }

  #cut(): void {
    if (this.#end === this.#start) return;
    const slice = this.#slice();
    this.#parts.push(slice);
    this.#partBytes += slice.length;
  }

  /** What has been written into the page since the last cut. Copied where it is little and a slow socket would hold on to the whole page. */
  #slice(): Buffer {
    const slice = this.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    if (!this.#takesAtOnce && slice.length * worthHolding < this.bytes.length) return Buffer.from(slice);
    this.#lent = true;
    return slice;
  }
}

function flushOf(outbox: Outbox): void {
  outbox.flush();
}
