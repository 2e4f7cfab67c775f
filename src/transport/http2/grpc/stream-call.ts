import { type Steps, stepOf, stepsOf } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import { MessageStream, type MessageStreamOwner } from "../../message-stream.js";
import { requestNotEncodable, requestsFailed } from "../../misfit.js";
import { Turns } from "../../turns.js";
import { ClientCall } from "./client-call.js";
import type { OutgoingMessages } from "./outgoing-messages.js";

/** Any call with a stream in it: requests are written as fast as the peer takes them, responses read as asked for. */
export class StreamCall extends ClientCall implements MessageStreamOwner {
  #stream: MessageStream | undefined;
  /** A client stream's response. */
  #single: unknown;
  #count = 0;
  /** Those that are yet to be written. */
  #unwritten: Steps | undefined;

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

  protected onHeader(): void {
    if (this.call.method.responseStream) this.#open();
  }

  protected write(requests: OutgoingMessages): void {
    if (this.call.method.requestStream) void this.#writeAll(requests);
    else void this.#writeOne(requests);
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

  async #writeAll(requests: OutgoingMessages): Promise<void> {
    try {
      const turns = new Turns();
      const messages = stepsOf(this.call.message);
      this.#unwritten = messages;
      for (;;) {
        const step = stepOf(messages);
        const { done, value } = "then" in step ? await step : step;
        if (done === true) this.#unwritten = undefined;
        if (this.#ended) {
          // A generator that has just ended its own call could not be told while it ran.
          if (done !== true) await messages.return?.();
          return;
        }
        if (done === true) break;
        const room = this.#writeSome(requests, value) ?? turns.next();
        if (room !== undefined) await room;
        if (this.#ended) return;
      }
      this.stream?.end();
    } catch (cause) {
      this.giveUp(requestsFailed(this.call.method, cause));
    }
  }

  #writeSome(requests: OutgoingMessages, message: unknown): Promise<void> | undefined {
    try {
      return requests.write(message, false);
    } catch (reason) {
      throw requestNotEncodable(this.call.method, reason);
    }
  }

  /** No request is taken any more: the server may have ended the call with answers that are yet to be read. */
  get #ended(): boolean {
    return this.over || this.stream?.closed === true;
  }

  /** The caller's stream is told at once, even where it has yet to give its next request. */
  protected override stopRequests(): void {
    super.stopRequests();
    void this.#returnUnwritten();
  }

  async #returnUnwritten(): Promise<void> {
    const unwritten = this.#unwritten;
    this.#unwritten = undefined;
    try {
      await unwritten?.return?.();
    } catch {
      // what a stream nobody reads has to say changes nothing
    }
  }
}
