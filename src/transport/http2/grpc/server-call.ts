import type { Codec } from "../../../codec/codec.js";
import { Metadata, type Method } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import type { Deadline, Timer } from "../../../time/time.js";
import { codecOf } from "../../grpc/content-type.js";
import { checkBinaryFields, readTimeout } from "../../grpc/request-head.js";
import { IncomingCall } from "../../incoming-call.js";
import { MessageStream, type MessageStreamOwner } from "../../message-stream.js";
import { requestNotDecodable } from "../../misfit.js";
import { type ResponseSink, serve } from "../../serve.js";
import type { Router } from "../../transport.js";
import { Http2Code } from "../errors.js";
import type { HeaderBlock } from "../hpack/hpack.js";
import type { Stream, StreamFailure, StreamHandler } from "../stream/stream.js";
import type { ServingSettings } from "./call-settings.js";
import { type Heading, metadataOf, readHeading } from "./fields.js";
import { requestFault, trailersFault } from "./heading-faults.js";
import { IncomingMessages, type MessageReceiver } from "./incoming-messages.js";
import { type Plan, planOf } from "./plan.js";
import { ResponseWriter } from "./response-writer.js";

/** Serves the call on a stream that a client has opened. @param peer where the client is */
export function startServerCall(
  stream: Stream,
  router: Router,
  settings: ServingSettings,
  peer: string,
): StreamHandler {
  return new ServerCall(stream, router, settings, peer);
}

class ServerCall implements StreamHandler, MessageReceiver, MessageStreamOwner, ResponseSink {
  readonly #stream: Stream;
  readonly #router: Router;
  readonly #settings: ServingSettings;
  readonly #peer: string;
  #heading: Heading | undefined;
  #method: Method | undefined;
  #deadline: Deadline | undefined;
  #answer: ResponseWriter | undefined;
  #messages: IncomingMessages | undefined;
  #timer: Timer | undefined;
  #call: IncomingCall | undefined;
  #requests: MessageStream | undefined;
  #request: unknown;
  #count = 0;
  /** Of the body, where the client says how long it is. */
  #bytesLeft: number | undefined;
  #handling = false;
  #closed = false;

  constructor(stream: Stream, router: Router, settings: ServingSettings, peer: string) {
    this.#stream = stream;
    this.#router = router;
    this.#settings = settings;
    this.#peer = peer;
  }

  onHeaders(block: HeaderBlock, endStream: boolean): void {
    if (this.#heading !== undefined) {
      this.#trailers(block);
      return;
    }
    const heading = readHeading(block);
    this.#heading = heading;
    const fault = requestFault(heading, block.tooLarge);
    if (fault !== undefined) {
      this.#stream.fail(Http2Code.PROTOCOL_ERROR, fault);
      return;
    }
    if (heading.contentLength !== undefined) this.#bytesLeft = Number(heading.contentLength);
    if (heading.contentType?.startsWith("application/grpc") === true) this.#open(heading, block.tooLarge);
    else this.#refuse("415");
    if (endStream) this.onEnd();
  }

  /** Those of a request say nothing in gRPC, and are header fields all the same. */
  #trailers(block: HeaderBlock): void {
    const fault = trailersFault(readHeading(block));
    if (fault === undefined) this.onEnd();
    else this.#stream.fail(Http2Code.PROTOCOL_ERROR, fault);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#bytesLeft !== undefined) {
      this.#bytesLeft -= end - start;
      if (this.#bytesLeft < 0) {
        this.#stream.fail(Http2Code.PROTOCOL_ERROR, "more data than content-length says");
        return;
      }
    }
    if (this.#messages === undefined) this.#stream.credit(end - start);
    else this.#messages.data(bytes, start, end);
  }

  onEnd(): void {
    if (this.#bytesLeft !== undefined && this.#bytesLeft > 0) {
      this.#stream.fail(Http2Code.PROTOCOL_ERROR, "less data than content-length says");
    } else this.#messages?.end();
  }

  onClosed(failure: StreamFailure | undefined): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#messages?.stop();
    this.#answer?.abandon();
    if (failure !== undefined) {
      this.#call?.cancel();
      const name = this.#method?.fullName ?? "the call";
      this.#requests?.end(new RpcError(Code.CANCELLED, `${name}: cancelled by the caller`));
    }
    this.#releaseIfOver();
  }

  onWritable(): void {
    this.#answer?.writable();
  }

  get full(): boolean {
    return this.#requests?.full ?? false;
  }

  onMessage(message: unknown): void {
    this.#count++;
    if (this.#requests !== undefined) this.#requests.push(message);
    else if (this.#count === 1) this.#request = message;
    else this.#failCount();
  }

  onRoom(): void {
    this.#messages?.resume();
  }

  onMessagesEnd(): void {
    if (this.#answer?.over !== false) return;
    if (this.#requests !== undefined) this.#requests.end();
    else if (this.#count === 1) this.#serve(this.#request);
    else this.#failCount();
  }

  #failCount(): void {
    const message = `${this.#method?.fullName}: ${this.#count} requests to a method that takes one`;
    this.#fail(new RpcError(Code.UNIMPLEMENTED, message));
  }

  onMessageFault({ code, message, cause }: RpcError): void {
    const name = this.#method?.fullName ?? "";
    const text = message.startsWith(name) ? message : `${name}: ${message}`;
    this.#fail(new RpcError(code, text, { cause }));
  }

  notDecodable(cause: unknown): RpcError {
    return requestNotDecodable(this.#method as Method, cause);
  }

  header(header: Metadata): void {
    this.#answer?.header(header);
  }

  message(message: unknown): Promise<void> | undefined {
    return this.#answer?.message(message);
  }

  /** The handler has done its work, or failed. */
  end(error: RpcError | undefined, trailer: Metadata): void {
    this.#requests?.end();
    this.#answer?.end(error, trailer);
    this.#handling = false; // not before: the answer may close the stream, and its place is given back once
    this.#releaseIfOver();
  }

  #open(heading: Heading, tooLarge: boolean): void {
    let plan: Plan;
    let timeoutMs: number | undefined;
    try {
      if (tooLarge) throw new RpcError(Code.RESOURCE_EXHAUSTED, "the header fields of the call are too large");
      if (heading.timeout !== undefined) timeoutMs = readTimeout(heading.timeout);
      plan = planOf(heading, this.#router, this.#settings);
      checkBinaryFields(heading.custom);
    } catch (reason) {
      const { codecs } = this.#settings;
      const codec = codecOf(heading.contentType ?? "", codecs) ?? (codecs[0] as Codec);
      this.#answer = new ResponseWriter(this.#stream, undefined, codec, undefined, this.#settings);
      this.#answer.end(RpcError.from(reason), new Metadata());
      return;
    }
    const { method, codec, compression } = plan;
    this.#method = method;
    this.#answer = new ResponseWriter(this.#stream, method, codec, compression, this.#settings);
    this.#messages = new IncomingMessages(this.#stream, codec, method.request, this.#settings.maxReceiveBytes, this);
    this.#messages.encoding = heading.encoding;
    if (timeoutMs !== undefined) this.#watchDeadline(method, timeoutMs);
    if (!method.requestStream) return;
    this.#requests = new MessageStream(this);
    this.#serve(this.#requests);
  }

  #watchDeadline({ fullName }: Method, timeoutMs: number): void {
    const { clock } = this.#settings;
    this.#deadline = clock.now() + timeoutMs;
    this.#timer = clock.timer(timeoutMs, () => {
      this.#fail(new RpcError(Code.DEADLINE_EXCEEDED, `${fullName}: the deadline passed`));
      // A caller who takes nothing cannot be told: what waits for him is not kept for ever.
      if (this.#stream.queue.bytes > 0) this.#stream.reset(Http2Code.CANCEL);
    });
  }

  #serve(message: unknown): void {
    this.#handling = true;
    this.#call = new IncomingCall({
      method: this.#method as Method,
      message,
      metadata: metadataOf((this.#heading as Heading).custom),
      deadline: this.#deadline,
      peer: this.#peer,
      sink: this,
    });
    serve(this.#call, this.#router, this);
  }

  /** What is no gRPC is answered as HTTP. */
  #refuse(status: string): void {
    const template = this.#stream.connection.template(status, () => [":status", status]);
    this.#stream.sendHeaders(template, [], true);
  }

  /** Answers before, or instead of, the handler. */
  #fail(error: RpcError): void {
    this.#messages?.stop();
    this.#requests?.end(error);
    this.#answer?.end(error, this.#call?.trailer ?? new Metadata());
    this.#answer?.abandon();
    this.#call?.cancel(error);
  }

  /** The call has a place on the connection until nobody works for it any more. */
  #releaseIfOver(): void {
    if (this.#closed && !this.#handling) this.#stream.release();
  }
}
