import { Code, RpcError } from "../../errors/errors.js";
import { MessageStream, type MessageStreamOwner } from "../message-stream.js";
import { requestNotEncodable, responseNotDecodable } from "../misfit.js";
import { type RequestSink, RequestWriter } from "../request-writer.js";
import { ClientCall } from "./client-call.js";
import type { Grpc } from "./grpc.js";
import type { RequestFields } from "./headers.js";
import { isStreamOver } from "./reset-stream.js";

/** Any call with a stream in it: requests are written as fast as the connection takes them, responses read as asked for. */
export class StreamCall extends ClientCall implements MessageStreamOwner, RequestSink {
  #responses: MessageStream | undefined;
  #reading = false;
  /** The last of a client stream's responses. */
  #single: unknown;
  #count = 0;
  /** Written, and not yet taken by the connection. */
  #unsentBytes = 0;
  readonly #writer: RequestWriter | undefined = this.call.method.requestStream
    ? new RequestWriter(this.call.method, this)
    : undefined;
  #writing = false;
  #resumeWriter: (() => void) | undefined;

  override start(): void {
    super.start();
    if (!this.call.method.requestStream) this.#writeOne();
    this.#read();
  }

  /**
   * Not before: a call that was never sent leaves the caller's stream untouched, and can be made again. grpc-js sends
   * once more where the connection has just gone, and by itself what it was given.
   */
  override send(): RequestFields {
    const writer = this.#writer;
    if (writer !== undefined && !this.#writing) {
      this.#writing = true;
      queueMicrotask(() => void writer.write(this.call.message));
    }
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

  get closed(): boolean {
    return isStreamOver(this.wire);
  }

  take(message: unknown): Promise<void> | undefined {
    let bytes = 0;
    bytes = this.write(message, () => {
      this.#unsentBytes -= bytes;
      this.#resumeWriter?.();
    });
    this.#unsentBytes += bytes;
    const { windowBytes } = this.settings;
    return this.#unsentBytes < windowBytes ? undefined : this.#until(windowBytes);
  }

  /** grpc-js knows of one message on its way through its filters; a half-close would overtake the others. */
  async end(): Promise<void> {
    if (this.#unsentBytes > 0) await this.#until(1);
    if (!this.over) this.wire.halfClose();
  }

  fail(error: RpcError): void {
    this.giveUp(error);
  }

  protected override giveUp(error: RpcError): void {
    super.giveUp(error);
    this.#stopRequests();
  }

  protected finish(error: RpcError | undefined): void {
    this.#stopRequests();
    if (this.#responses !== undefined) this.#responses.end(error);
    else if (error !== undefined) this.caller.reject(error);
    else if (this.call.method.responseStream) this.#open().end();
    else this.#finishSingle();
  }

  #stopRequests(): void {
    this.#resumeWriter?.();
    this.#writer?.stop();
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

  #until(limitBytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resumeWriter = () => {
        if (this.#unsentBytes < limitBytes || this.over) resolve();
      };
    });
  }
}
