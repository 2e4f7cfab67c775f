import { protobufCodec } from "../../codec/protobuf.js";
import { type Call, type MessageType, Metadata, type Method } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { CallGuard } from "../call-guard.js";
import type { Caller } from "../caller.js";
import { IncomingCall } from "../incoming-call.js";
import { MessageStream, type MessageStreamOwner } from "../message-stream.js";
import {
  requestNotDecodable,
  requestNotEncodable,
  requestsFailed,
  responseNotDecodable,
  responseNotEncodable,
} from "../misfit.js";
import { receivedTrailer } from "../received-trailer.js";
import { type ResponseSink, serve } from "../serve.js";
import type { MemoryListener, RunningExchange } from "./listener.js";
import type { ResolvedMemoryOptions } from "./options.js";
import { RequestReader } from "./request-reader.js";

/** One call in process: both ends of it, and everything copied that crosses from one to the other. */
export class MemoryExchange implements ResponseSink, MessageStreamOwner, RunningExchange {
  readonly #call: Call;
  readonly #listener: MemoryListener;
  readonly #options: ResolvedMemoryOptions;
  readonly #caller: Caller;
  #guard: CallGuard | undefined;
  #incoming: IncomingCall | undefined;
  #requests: RequestReader | undefined;
  #header = new Metadata();
  #trailer = new Metadata();
  #response: unknown;
  #responses: MessageStream | undefined;
  /** The caller has its answer, whatever the server still does. */
  #answered = false;
  #served = false;

  constructor(call: Call, listener: MemoryListener, options: ResolvedMemoryOptions, caller: Caller) {
    this.#call = call;
    this.#listener = listener;
    this.#options = options;
    this.#caller = caller;
  }

  start(): void {
    const { method } = this.#call;
    const served = this.#listener.router.methods.get(method.path);
    if (served === undefined) {
      const message = `the server does not implement the method ${method.path}`;
      this.#refuse(new RpcError(Code.UNIMPLEMENTED, message, { remote: true }));
      return;
    }
    let message: unknown;
    try {
      message = method.requestStream ? this.#openRequests(served) : this.#copyRequest(served, this.#call.message);
    } catch (reason) {
      this.#refuse(RpcError.from(reason));
      return;
    }
    this.#listener.begin(this);
    this.#guard = new CallGuard(this.#call, this.#options.clock, (error) => this.#giveUp(error));
    this.#incoming = new IncomingCall({
      method: served,
      message,
      metadata: this.#call.metadata.clone(),
      deadline: this.#call.deadline,
      peer: "memory",
      sink: this,
    });
    serve(this.#incoming, this.#listener.router, this);
  }

  header(header: Metadata): void {
    this.#header = header.clone();
    if (!this.#call.method.responseStream || this.#answered) return;
    this.#responses = new MessageStream(this);
    this.#caller.resolve({ message: this.#responses, header: this.#header, trailer: () => this.#trailer });
  }

  onReturn(): void {
    this.#giveUp(new RpcError(Code.CANCELLED, `${this.#call.method.fullName}: the reader broke off`));
  }

  message(message: unknown): Promise<void> | undefined {
    if (this.#answered) return undefined;
    const { method } = this.#call;
    const copy = this.#copyResponse((this.#incoming as IncomingCall).method, message);
    if (copy === undefined) return undefined;
    if (method.responseStream) return this.#responses?.push(copy);
    this.#response = copy;
    return undefined;
  }

  end(error: RpcError | undefined, trailer: Metadata): void {
    this.#served = true;
    this.#trailer = trailer.clone();
    if (error !== undefined) this.#call.values.set(receivedTrailer, () => this.#trailer);
    this.#answer(error === undefined ? undefined : asRemote(error));
    this.#requests?.stop();
    this.#listener.end(this);
  }

  /** The server closes before the call is done. */
  dropConnection(): void {
    this.#giveUp(new RpcError(Code.UNAVAILABLE, `${this.#listener.address} closed the connection`));
  }

  /** The call could not begin. */
  #refuse(error: RpcError): void {
    this.#caller.reject(error);
    this.#caller.ended();
  }

  /** The caller's side ends the call; the handler is told, and may take its time. */
  #giveUp(error: RpcError): void {
    if (this.#served) return;
    this.#answer(error);
    this.#requests?.stop(new RpcError(Code.CANCELLED, `${this.#call.method.fullName}: cancelled by the caller`));
    this.#incoming?.cancel(this.#isLate ? deadlinePassed(this.#call.method) : undefined);
  }

  /** A handler learns that time ran out, and of all other reasons only that its caller has gone. */
  get #isLate(): boolean {
    const { deadline } = this.#call;
    return deadline !== undefined && deadline <= this.#options.clock.now();
  }

  #answer(error: RpcError | undefined): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#guard?.release();
    if (this.#responses !== undefined) this.#responses.end(error);
    else if (error !== undefined) this.#caller.reject(error);
    else this.#caller.resolve({ message: this.#response, header: this.#header, trailer: () => this.#trailer });
    this.#caller.ended();
  }

  #openRequests(served: Method): RequestReader {
    try {
      this.#requests = new RequestReader({
        source: this.#call.message,
        copy: (message) => this.#copyRequest(served, message),
        onFailure: (reason) => {
          this.#giveUp(requestsFailed(this.#call.method, reason));
          return new RpcError(Code.CANCELLED, `${served.fullName}: cancelled by the caller`);
        },
      });
    } catch (cause) {
      throw requestsFailed(this.#call.method, cause);
    }
    return this.#requests;
  }

  #copyRequest(served: Method, message: unknown): unknown {
    const { method } = this.#call;
    const bytes = encode(method.request, message, method, requestNotEncodable);
    if (bytes.byteLength > this.#options.maxReceiveBytes) throw this.#tooLarge(bytes, true);
    return decode(served.request, bytes, served, requestNotDecodable);
  }

  /** Undefined where the caller cannot take it, and has gone. */
  #copyResponse(served: Method, message: unknown): unknown {
    const { method } = this.#call;
    const bytes = encode(served.response, message, served, responseNotEncodable);
    if (bytes.byteLength <= this.#options.maxReceiveBytes) {
      return decode(method.response, bytes, method, responseNotDecodable);
    }
    this.#giveUp(this.#tooLarge(bytes, false));
    return undefined;
  }

  /** @param remote whether it is the server who cannot take it */
  #tooLarge(bytes: Uint8Array, remote: boolean): RpcError {
    const { maxReceiveBytes } = this.#options;
    const size = `${bytes.byteLength} bytes, and ${maxReceiveBytes} may be received`;
    const message = `${this.#call.method.fullName}: the message has ${size}`;
    return new RpcError(Code.RESOURCE_EXHAUSTED, message, { remote });
  }
}

function deadlinePassed(method: Method): RpcError {
  return new RpcError(Code.DEADLINE_EXCEEDED, `${method.fullName}: the deadline passed`);
}

type Explain = (method: Method, cause: unknown) => RpcError;

function encode(type: MessageType, message: unknown, method: Method, explain: Explain): Uint8Array {
  try {
    return protobufCodec.encode(type, message);
  } catch (cause) {
    throw explain(method, cause);
  }
}

function decode(type: MessageType, bytes: Uint8Array, method: Method, explain: Explain): unknown {
  try {
    return protobufCodec.decode(type, bytes);
  } catch (cause) {
    throw explain(method, cause);
  }
}

/** What an error is to the other side: its code, message and details, and nothing of this side's stack. */
function asRemote(error: RpcError): RpcError {
  const { details, retryPushbackMs } = error;
  return new RpcError(error.code, error.message.toWellFormed(), {
    details,
    remote: true,
    ...(retryPushbackMs === undefined ? {} : { retryPushbackMs }),
  });
}
