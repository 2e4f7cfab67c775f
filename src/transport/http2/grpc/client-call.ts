import { type Call, Metadata, type Reply } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import { CallGuard } from "../../call-guard.js";
import type { Caller } from "../../caller.js";
import { GrpcReply, type TrailerSource } from "../../grpc/grpc-reply.js";
import { formatTimeout } from "../../grpc/timeout.js";
import { responseNotDecodable } from "../../misfit.js";
import { receivedTrailer } from "../../received-trailer.js";
import type { CallTarget, Waiter } from "../client/call-target.js";
import type { ClientConnection } from "../connection/client-connection.js";
import { Http2Code } from "../errors.js";
import { type Fields, type HeaderBlock, listBytes, noFields } from "../hpack/hpack.js";
import type { Stream, StreamFailure, StreamHandler } from "../stream/stream.js";
import type { CallSettings } from "./call-settings.js";
import { codeOfFailure } from "./failures.js";
import { type Heading, metadataOf, pushMetadata, readHeading } from "./fields.js";
import { responseFault, trailersFault } from "./heading-faults.js";
import { IncomingMessages, type MessageReceiver } from "./incoming-messages.js";
import { OutgoingMessages } from "./outgoing-messages.js";
import { cutStatus, httpStatus, receivedStatus } from "./received-status.js";
import { requestFields } from "./request-fields.js";

/** Before one response; servers send one or two. */
const maxInformational = 16;

/** One outgoing call; what unary calls and streams have in common. */
export abstract class ClientCall implements Waiter, StreamHandler, MessageReceiver, TrailerSource {
  protected readonly call: Call;
  protected readonly settings: CallSettings;
  protected readonly caller: Caller;
  protected responses: IncomingMessages | undefined;
  protected requests: OutgoingMessages | undefined;
  protected stream: Stream | undefined;
  readonly #target: CallTarget;
  readonly #guard: CallGuard;
  #connection: ClientConnection | undefined;
  /** The header has come. */
  #headed = false;
  /** Of the header, those of the application. */
  #headerFields: Fields = noFields;
  #trailer: Heading | undefined;
  #trailerRead: Metadata | undefined;
  #informational = 0;
  #over = false;

  constructor(call: Call, target: CallTarget, settings: CallSettings, caller: Caller) {
    this.call = call;
    this.settings = settings;
    this.caller = caller;
    this.#target = target;
    this.#guard = new CallGuard(call, settings.clock, (error) => this.giveUp(error));
  }

  start(): void {
    this.#target.acquire(this);
  }

  abstract readonly full: boolean;
  abstract onMessage(message: unknown): void;
  /** The header has come: the caller may read. */
  protected abstract onHeader(): void;
  /** Writes the requests. */
  protected abstract write(requests: OutgoingMessages): void;
  /** The call has ended: with an error, or well. `stopRequests()` has been called. */
  protected abstract finish(error: RpcError | undefined): void;

  get over(): boolean {
    return this.#over;
  }

  onConnection(connection: ClientConnection): void {
    const { call, settings } = this;
    const fields = this.#fields();
    const template = connection.template(call.method.path, () => requestFields(call.method.path, settings));
    if (!call.metadata.empty && listBytes(template.fields) + listBytes(fields) > connection.maxPeerHeaderBytes) {
      const message = `the metadata are more than the server takes (${connection.maxPeerHeaderBytes} bytes of header fields)`;
      this.#fail(Code.RESOURCE_EXHAUSTED, message);
      return;
    }
    const stream = connection.request(this);
    this.#connection = connection;
    this.stream = stream;
    const compression = settings.compression === "identity" ? undefined : settings.compression;
    stream.sendHeaders(template, fields, false);
    this.requests = new OutgoingMessages(stream, settings.codec, call.method.request, compression, settings);
    this.responses = new IncomingMessages(stream, settings.codec, call.method.response, settings.maxReceiveBytes, this);
    this.write(this.requests);
  }

  onFailure(error: RpcError): void {
    this.#end(this.#here(error));
  }

  onHeaders(block: HeaderBlock, endStream: boolean): void {
    if (this.#over) return;
    const heading = readHeading(block);
    if (block.tooLarge) {
      this.#end(this.#here(cutStatus(heading)));
      return;
    }
    const fault = this.#headed ? trailersFault(heading) : responseFault(heading, endStream);
    if (fault !== undefined) {
      this.#fail(Code.INTERNAL, `a malformed response: ${fault}`, Http2Code.PROTOCOL_ERROR);
    } else if (!this.#headed) this.#onFirstHeading(heading, endStream);
    else if (endStream) this.#onTrailer(heading);
    else this.#fail(Code.INTERNAL, "header fields amid the messages", Http2Code.PROTOCOL_ERROR);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (!this.#headed) {
      this.#fail(Code.INTERNAL, "a response without header fields", Http2Code.PROTOCOL_ERROR);
    } else this.responses?.data(bytes, start, end);
  }

  /** A response ends with trailers, not with data. */
  onEnd(): void {
    if (!this.#over) this.#fail(Code.INTERNAL, "the response ended without a status");
  }

  onClosed(failure: StreamFailure | undefined): void {
    if (failure === undefined || this.#over) return;
    if (this.#trailer !== undefined) {
      this.stopRequests();
      return;
    }
    const { by, code, message, unprocessed } = failure;
    // Servers that time a call themselves reset it, often before our timer fires: what passed is the deadline still.
    const cancelled = by === "peer" && code === Http2Code.CANCEL;
    const refusal = cancelled ? CallGuard.refusal(this.call, this.settings.clock) : undefined;
    this.#end(refusal ?? this.#here(new RpcError(codeOfFailure(failure), message, { unprocessed })));
  }

  onWritable(): void {
    this.requests?.writable();
  }

  onMessagesEnd(): void {
    const heading = this.#trailer as Heading;
    const error = receivedStatus(heading);
    if (error !== undefined) this.call.values.set(receivedTrailer, () => this.trailer());
    this.#end(error?.remote === false ? this.#here(error) : error);
  }

  /** An encoding we did not name is the server's mistake (https://github.com/grpc/grpc/blob/master/doc/compression.md). */
  onMessageFault({ code, message, cause }: RpcError): void {
    const ours = code === Code.UNIMPLEMENTED ? Code.INTERNAL : code;
    this.giveUp(this.#here(new RpcError(ours, message, { cause })));
  }

  notDecodable(cause: unknown): RpcError {
    return responseNotDecodable(this.call.method, cause);
  }

  /** What the server sent around the message. Read when somebody asks. */
  protected reply(message: unknown): Reply {
    return new GrpcReply(message, this.#headerFields, metadataOf, this);
  }

  /** Ends the call from this side. */
  protected giveUp(error: RpcError): void {
    if (this.#over) return;
    if (this.stream === undefined) this.#target.forget(this);
    this.#end(error);
  }

  /** Nobody takes them any more: whoever waits for room is let go. The answers may be read on. */
  protected stopRequests(): void {
    this.requests?.writable();
  }

  trailer(): Metadata {
    if (this.#trailer === undefined) return new Metadata();
    this.#trailerRead ??= metadataOf(this.#trailer.custom);
    return this.#trailerRead;
  }

  #fields(): Fields {
    const { metadata, deadline } = this.call;
    const timed = deadline !== undefined && deadline !== Number.POSITIVE_INFINITY;
    if (!timed && metadata.empty) return noFields;
    const fields = timed ? ["grpc-timeout", formatTimeout(deadline - this.settings.clock.now())] : [];
    pushMetadata(fields, metadata);
    return fields;
  }

  #onFirstHeading(heading: Heading, endStream: boolean): void {
    const { status, contentType } = heading;
    if (status?.startsWith("1")) {
      this.#onInformational();
      return;
    }
    if (status !== "200" || contentType?.startsWith("application/grpc") !== true) {
      if (heading.grpcStatus === undefined) {
        this.#end(this.#here(httpStatus(heading)));
        return;
      }
    }
    this.#headed = true;
    this.#connection?.noteAnswer();
    (this.responses as IncomingMessages).encoding = heading.encoding;
    if (endStream) {
      this.#onTrailer(heading); // of a response in one block the fields are those of the trailer
      return;
    }
    this.#headerFields = heading.custom;
    this.onHeader();
  }

  /** Means nothing to gRPC (RFC 9113 §8.1). */
  #onInformational(): void {
    if (++this.#informational <= maxInformational) return;
    this.#fail(Code.RESOURCE_EXHAUSTED, "too many informational responses", Http2Code.ENHANCE_YOUR_CALM);
  }

  #onTrailer(heading: Heading): void {
    this.#trailer = heading;
    this.stream?.reset(Http2Code.NO_ERROR); // what this side still has to say nobody hears, read the answers who will
    if (this.#isOk(heading) || this.call.method.responseStream) this.responses?.end();
    else this.onMessagesEnd();
  }

  #isOk(heading: Heading): boolean {
    return heading.grpcStatus === "0";
  }

  #fail(code: Code, message: string, resetCode: Http2Code = Http2Code.CANCEL): void {
    this.#end(this.#here(new RpcError(code, message)), resetCode);
  }

  /** Names the call and the address: the failure is of this side, or of the way. */
  #here({ code, message, details, remote, unprocessed, cause }: RpcError): RpcError {
    const where = `${this.call.method.fullName} at ${this.settings.address}`;
    return new RpcError(code, `${where}: ${message}`, { details, remote, unprocessed, cause });
  }

  #end(error: RpcError | undefined, resetCode: Http2Code = Http2Code.CANCEL): void {
    if (this.#over) return;
    this.#over = true;
    this.#guard.release();
    this.responses?.stop();
    this.stream?.reset(error === undefined ? Http2Code.NO_ERROR : resetCode);
    this.stopRequests();
    this.finish(error);
    this.caller.ended();
  }
}
