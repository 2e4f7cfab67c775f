import { type CompressionName, compress } from "../../codec/compression.js";
import { Metadata, type Method } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { Timer } from "../../time/time.js";
import { contentType } from "../grpc/content-type.js";
import { IncomingCall } from "../incoming-call.js";
import { MessageStream } from "../message-stream.js";
import { requestNotDecodable, responseNotEncodable } from "../misfit.js";
import { type ResponseSink, serve } from "../serve.js";
import type { Router } from "../transport.js";
import { asCompressed } from "./compressed-message.js";
import type { Grpc } from "./grpc.js";
import { ResponseFields } from "./headers.js";
import type { ResolvedOptions } from "./options.js";
import type { RequestHead } from "./request-head.js";
import { errorFields } from "./status.js";

/** How far a writer may be ahead of the connection: what is written in one turn of the loop leaves in one write. */
const windowBytes = 64 * 1024;

/** Before every message: an empty one is under way, too. */
const prefixBytes = 5;

/**
 * One incoming call on a grpc-js server, driven directly below its own handler classes: those have no way to answer in
 * another codec, to compress, or to hold a fast writer back.
 */
export class ServerCall implements ResponseSink {
  readonly #wire: Grpc.ServerInterceptingCallInterface;
  readonly #method: Method;
  readonly #router: Router;
  readonly #options: ResolvedOptions;
  readonly #head: RequestHead;
  #timer: Timer | undefined;
  #call: IncomingCall | undefined;
  #requests: MessageStream | undefined;
  #request: unknown;
  #count = 0;
  #reading = false;
  #headerSent = false;
  #answered = false;
  /** Written, and not yet taken by the connection. */
  #unsentBytes = 0;
  /** Lets a writer on that waits for the connection. */
  #resumeWriter: (() => void) | undefined;

  constructor(
    wire: Grpc.ServerInterceptingCallInterface,
    method: Method,
    head: RequestHead,
    router: Router,
    options: ResolvedOptions,
  ) {
    this.#wire = wire;
    this.#method = method;
    this.#router = router;
    this.#options = options;
    this.#head = head;
  }

  start(): void {
    this.#watchDeadline();
    this.#wire.start({
      onReceiveMetadata: () => this.#begin(),
      onReceiveMessage: (bytes: Buffer) => this.#receive(bytes),
      onReceiveHalfClose: () => this.#halfClose(),
      onCancel: () => this.#cancelled(),
    });
  }

  #watchDeadline(): void {
    const { deadline } = this.#head;
    if (deadline === undefined) return;
    const { clock } = this.#options;
    const { fullName } = this.#method;
    this.#timer = clock.timer(Math.max(0, deadline - clock.now()), () => {
      this.#fail(new RpcError(Code.DEADLINE_EXCEEDED, `${fullName}: the deadline passed`));
    });
  }

  #begin(): void {
    if (this.#method.requestStream) {
      this.#requests = new MessageStream({ onRoom: () => this.#read() });
      this.#serve(this.#requests);
    }
    this.#read();
  }

  #read(): void {
    if (this.#reading || this.#answered) return;
    this.#reading = true;
    this.#wire.startRead();
  }

  #receive(bytes: Buffer): void {
    this.#reading = false;
    if (this.#answered) return;
    let message: unknown;
    try {
      message = this.#head.codec.decode(this.#method.request, bytes);
    } catch (cause) {
      this.#fail(requestNotDecodable(this.#method, cause));
      return;
    }
    this.#count++;
    if (this.#requests === undefined) {
      this.#request = message;
      this.#read();
    } else {
      this.#requests.push(message);
      if (!this.#requests.full) this.#read();
    }
  }

  #halfClose(): void {
    if (this.#answered) return;
    if (this.#withinMessage) {
      this.#fail(new RpcError(Code.INTERNAL, `${this.#method.fullName}: the requests broke off within a message`));
    } else if (this.#requests !== undefined) setImmediate(() => this.#endRequests());
    else if (this.#count === 1) this.#serve(this.#request);
    else {
      const message = `${this.#method.fullName}: ${this.#count} requests to a method that takes one`;
      this.#fail(new RpcError(Code.UNIMPLEMENTED, message));
    }
  }

  /** grpc-js drops what does not make up a whole message, and keeps to itself that there was something. */
  get #withinMessage(): boolean {
    const { decoder } = this.#wire as unknown as { readonly decoder?: { readonly readState?: number } };
    return (decoder?.readState ?? 0) !== 0;
  }

  /** A stream that was reset has ended too, and a client on node:http2 ends each before it resets it: that is no end. */
  #endRequests(): void {
    if (!this.#head.stream.closed) this.#requests?.end();
  }

  #serve(message: unknown): void {
    this.#call = new IncomingCall({
      method: this.#method,
      message,
      metadata: this.#head.metadata,
      deadline: this.#head.deadline,
      peer: this.#wire.getPeer(),
      writeHeader: (header) => this.header(header),
    });
    void serve(this.#call, this.#router, this);
  }

  /** grpc-js also calls this when a call has ended well. */
  #cancelled(): void {
    this.#resumeWriter?.();
    if (this.#answered) return;
    this.#answered = true;
    this.#timer?.cancel();
    this.#call?.cancel();
    this.#requests?.end(new RpcError(Code.CANCELLED, `${this.#method.fullName}: cancelled by the caller`));
  }

  header(header: Metadata): void {
    this.#headerSent = true;
    const fields = {
      "content-type": contentType(this.#head.codec),
      "grpc-encoding": this.#head.compression ?? "identity",
    };
    this.#wire.sendMetadata(new ResponseFields(fields, header));
  }

  message(message: unknown): Promise<void> | undefined {
    if (this.#answered) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = this.#head.codec.encode(this.#method.response, message);
    } catch (cause) {
      throw responseNotEncodable(this.#method, cause);
    }
    const compression = bytes.byteLength >= this.#options.compressMinBytes ? this.#head.compression : undefined;
    if (compression !== undefined) return this.#compressed(compression, bytes);
    return this.#send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  async #compressed(compression: CompressionName, bytes: Uint8Array): Promise<void> {
    const compressed = await compress(compression, bytes);
    if (!this.#answered) await this.#send(asCompressed(compressed));
  }

  /** A unary answer need not wait to be written: its status follows in order anyway. */
  #send(buffer: Buffer): Promise<void> | undefined {
    if (!this.#method.responseStream) {
      this.#wire.sendMessage(buffer, ignore);
      return undefined;
    }
    const bytes = buffer.byteLength + prefixBytes;
    this.#unsentBytes += bytes;
    this.#wire.sendMessage(buffer, () => this.#sent(bytes));
    if (this.#unsentBytes < windowBytes) return undefined;
    return new Promise((resolve) => {
      this.#resumeWriter = resolve;
    });
  }

  #sent(bytes: number): void {
    this.#unsentBytes -= bytes;
    if (this.#unsentBytes < windowBytes) this.#resumeWriter?.();
  }

  end(error: RpcError | undefined, trailer: Metadata): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#timer?.cancel();
    this.#requests?.end();
    const fields: { [name: string]: string } = error === undefined ? {} : { ...errorFields(error) };
    if (!this.#headerSent) fields["content-type"] = contentType(this.#head.codec);
    this.#wire.sendStatus({
      code: error?.code ?? Code.OK,
      details: (error?.message ?? "").toWellFormed(),
      metadata: new ResponseFields(fields, trailer),
    });
  }

  /** Answers before, or instead of, the handler. */
  #fail(error: RpcError): void {
    this.#requests?.end(error);
    this.end(error, this.#call?.trailer ?? new Metadata());
    this.#resumeWriter?.();
    this.#call?.cancel(error);
  }
}

function ignore(): void {}
