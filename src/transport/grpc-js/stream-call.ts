import { Code, RpcError } from "../../errors/errors.js";
import { MessageStream, type MessageStreamOwner } from "../message-stream.js";
import { requestNotEncodable, requestsFailed, responseNotDecodable } from "../misfit.js";
import { ClientCall } from "./client-call.js";
import type { Grpc } from "./grpc.js";
import type { RequestFields } from "./headers.js";
import { isStreamOver } from "./reset-stream.js";

/** Any call with a stream in it: requests are written as fast as the connection takes them, responses read as asked for. */
export class StreamCall extends ClientCall implements MessageStreamOwner {
  #responses: MessageStream | undefined;
  #reading = false;
  /** The last of a client stream's responses. */
  #single: unknown;
  #count = 0;
  /** Written, and not yet taken by the connection. */
  #unsentBytes = 0;
  #resumeWriter: (() => void) | undefined;
  /** Those that are yet to be written. */
  #requests: AsyncIterator<unknown> | undefined;

  override start(): void {
    super.start();
    if (!this.call.method.requestStream) this.#writeOne();
    this.#read();
  }

  /** Not before: a call that was never sent leaves the caller's stream untouched, and can be made again. */
  override send(): RequestFields {
    if (this.call.method.requestStream) queueMicrotask(() => void this.#writeAll());
    return super.send();
  }

  override onReceiveMetadata(metadata: Grpc.Metadata): void {
    super.onReceiveMetadata(metadata);
    if (this.call.method.responseStream) this.#open();
  }

  onReceiveMessage(bytes: Buffer): void {
    this.#reading = false;
    let message: unknown;
    try {
      message = this.decode(bytes);
    } catch (cause) {
      this.giveUp(responseNotDecodable(this.call.method, cause));
      return;
    }
    this.#count++;
    if (this.#responses === undefined) this.#single = message;
    else this.#responses.push(message);
    if (this.#responses === undefined || !this.#responses.full) this.#read();
  }

  onRoom(): void {
    this.#read();
  }

  onReturn(): void {
    this.giveUp(new RpcError(Code.CANCELLED, `${this.call.method.fullName}: the reader broke off`));
  }

  protected finish(error: RpcError | undefined): void {
    this.#resumeWriter?.();
    void this.#stopRequests();
    if (this.#responses !== undefined) this.#responses.end(error);
    else if (error !== undefined) this.caller.reject(error);
    else if (this.call.method.responseStream) this.#open().end();
    else this.#finishSingle();
  }

  #finishSingle(): void {
    if (this.#count === 1) {
      this.caller.resolve(this.reply(this.#single));
      return;
    }
    const message = `${this.call.method.fullName}: ${this.#count} responses to a call that has one`;
    this.caller.reject(new RpcError(Code.UNIMPLEMENTED, message));
  }

  /** The header is here: the caller may read. */
  #open(): MessageStream {
    this.#responses = new MessageStream(this);
    this.caller.resolve(this.reply(this.#responses));
    return this.#responses;
  }

  #read(): void {
    if (this.#reading || this.over) return;
    this.#reading = true;
    this.wire.startRead();
  }

  #writeOne(): void {
    try {
      this.write(this.call.message);
      this.wire.halfClose();
    } catch (reason) {
      this.giveUp(requestNotEncodable(this.call.method, reason));
    }
  }

  async #writeAll(): Promise<void> {
    try {
      const requests = (this.call.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      this.#requests = requests;
      for (;;) {
        const { done, value } = await requests.next();
        if (done === true) this.#requests = undefined;
        if (this.over) return;
        if (isStreamOver(this.wire)) {
          void this.#stopRequests();
          return;
        }
        if (done === true) break;
        const room = this.#writeSome(value);
        if (room !== undefined) await room;
        if (this.over) return;
      }
      // grpc-js knows of one message on its way through its filters; a half-close would overtake the others.
      if (this.#unsentBytes > 0) await this.#until(1);
      if (!this.over) this.wire.halfClose();
    } catch (cause) {
      this.giveUp(requestsFailed(this.call.method, cause));
    }
  }

  /** The call is over: the caller's stream is told at once, even where it has yet to give its next request. */
  async #stopRequests(): Promise<void> {
    try {
      await this.#requests?.return?.();
    } catch {
      // what a stream nobody reads has to say changes nothing
    }
  }

  /** Undefined where there is room for the next; else resolves when there is, or the call is over. */
  #writeSome(message: unknown): Promise<void> | undefined {
    let bytes = 0;
    try {
      bytes = this.write(message, () => {
        this.#unsentBytes -= bytes;
        this.#resumeWriter?.();
      });
    } catch (reason) {
      throw requestNotEncodable(this.call.method, reason);
    }
    this.#unsentBytes += bytes;
    const { windowBytes } = this.settings;
    return this.#unsentBytes < windowBytes ? undefined : this.#until(windowBytes);
  }

  #until(limitBytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resumeWriter = () => {
        if (this.#unsentBytes < limitBytes || this.over) resolve();
      };
    });
  }
}
