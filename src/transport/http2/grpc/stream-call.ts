import { Code, RpcError } from "../../../errors/errors.js";
import { MessageStream, type MessageStreamOwner } from "../../message-stream.js";
import { requestNotEncodable } from "../../misfit.js";
import { type RequestSink, RequestWriter } from "../../request-writer.js";
import { ClientCall } from "./client-call.js";
import type { OutgoingMessages } from "./outgoing-messages.js";

/** Any call with a stream in it: requests are written as fast as the peer takes them, responses read as asked for. */
export class StreamCall extends ClientCall implements MessageStreamOwner, RequestSink {
  #stream: MessageStream | undefined;
  /** A client stream's response. */
  #single: unknown;
  #count = 0;
  readonly #writer: RequestWriter | undefined = this.call.method.requestStream
    ? new RequestWriter(this.call.method, this)
    : undefined;

  get full(): boolean {
    return this.#stream?.full ?? false;
  }

  onMessage(message: unknown): void {
    if (this.#stream !== undefined) this.#stream.push(message);
    else if (++this.#count === 1) this.#single = message;
    else this.giveUp(this.#miscounted());
  }

  onRoom(): void {
    this.responses?.resume();
  }

  onReturn(): void {
    this.giveUp(new RpcError(Code.CANCELLED, `${this.call.method.fullName}: the reader broke off`));
  }

  /** The server may have ended the call with answers that are yet to be read. */
  get closed(): boolean {
    return this.stream?.closed === true;
  }

  take(message: unknown): Promise<void> | undefined {
    return this.requests?.write(message, false);
  }

  end(): void {
    this.stream?.end();
  }

  fail(error: RpcError): void {
    this.giveUp(error);
  }

  protected onHeader(): void {
    if (this.call.method.responseStream) this.#open();
  }

  protected write(requests: OutgoingMessages): void {
    if (this.#writer === undefined) void this.#writeOne(requests);
    else void this.#writer.write(this.call.message);
  }

  protected override stopRequests(): void {
    super.stopRequests();
    this.#writer?.stop();
  }

  protected finish(error: RpcError | undefined): void {
    if (this.#stream !== undefined) this.#stream.end(error);
    else if (error !== undefined) this.caller.reject(error);
    else if (this.call.method.responseStream) this.#open().end();
    else if (this.#count === 1) this.caller.resolve(this.reply(this.#single));
    else this.caller.reject(this.#miscounted());
  }

  #miscounted(): RpcError {
    const message = `${this.call.method.fullName}: ${this.#count} responses to a call that has one`;
    return new RpcError(Code.UNIMPLEMENTED, message);
  }

  /** The header is here: the caller may read. */
  #open(): MessageStream {
    this.#stream = new MessageStream(this);
    this.caller.resolve(this.reply(this.#stream));
    return this.#stream;
  }

  async #writeOne(requests: OutgoingMessages): Promise<void> {
    try {
      await requests.write(this.call.message, true);
    } catch (reason) {
      this.giveUp(requestNotEncodable(this.call.method, reason));
    }
  }
}
