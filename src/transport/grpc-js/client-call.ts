import { type Call, Metadata, type Reply } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { CallGuard } from "../call-guard.js";
import type { Caller } from "../caller.js";
import { GrpcReply, type TrailerSource } from "../grpc/grpc-reply.js";
import { formatTimeout } from "../grpc/timeout.js";
import { receivedTrailer } from "../received-trailer.js";
import type { ChannelSettings } from "./channel-settings.js";
import { type Grpc, grpc } from "./grpc.js";
import { fromGrpcMetadata, type HeaderSource, type RequestFields, RequestHeaders } from "./headers.js";
import { resetStream } from "./reset-stream.js";
import { errorOfStatus } from "./status.js";
import { prefixBytes } from "./write-window.js";

type WireCall = ReturnType<Grpc.ChannelInterface["createCall"]>;

const noMetadata = new grpc.Metadata();

/** One outgoing call on a grpc-js channel; what unary calls and streams have in common. */
export abstract class ClientCall implements Grpc.InterceptingListener, HeaderSource, TrailerSource {
  protected readonly call: Call;
  protected readonly settings: ChannelSettings;
  protected readonly caller: Caller;
  protected readonly wire: WireCall;
  readonly #guard: CallGuard;
  /** What this side gave up for; grpc-js then reports it as a status. */
  #gaveUp: RpcError | undefined;
  #header: Grpc.Metadata | undefined;
  #trailer: Grpc.Metadata = noMetadata;
  #trailerRead: Metadata | undefined;
  #sent = false;
  #over = false;

  constructor(call: Call, channel: Grpc.ChannelInterface, settings: ChannelSettings, caller: Caller) {
    this.call = call;
    this.settings = settings;
    this.caller = caller;
    this.wire = channel.createCall(call.method.path, Number.POSITIVE_INFINITY, null, null, null);
    this.#guard = new CallGuard(call, settings.clock, (error) => this.giveUp(error));
  }

  start(): void {
    this.wire.start(new RequestHeaders(this), this);
  }

  /** The call is on its way: from here on a server may see it. */
  send(): RequestFields {
    this.#sent = true;
    const { metadata, deadline } = this.call;
    const { contentType, clock } = this.settings;
    const timed = deadline !== undefined && deadline !== Number.POSITIVE_INFINITY;
    return { metadata, contentType, timeout: timed ? formatTimeout(deadline - clock.now()) : undefined };
  }

  get over(): boolean {
    return this.#over;
  }

  /** What the server sent around the message. Read when somebody asks. */
  protected reply(message: unknown): Reply {
    return new GrpcReply(message, this.#header ?? noMetadata, fromGrpcMetadata, this);
  }

  trailer(): Metadata {
    if (this.#trailer === noMetadata) return new Metadata();
    this.#trailerRead ??= fromGrpcMetadata(this.#trailer);
    return this.#trailerRead;
  }

  onReceiveMetadata(metadata: Grpc.Metadata): void {
    this.#header = metadata;
  }

  abstract onReceiveMessage(bytes: Buffer): void;

  onReceiveStatus(status: Grpc.StatusObject): void {
    if (this.#over) return;
    this.#over = true;
    this.#guard.release();
    this.#trailer = status.metadata;
    if (this.#gaveUp !== undefined) this.finish(this.#gaveUp);
    else if (status.code === Code.OK) this.finish(undefined);
    else this.#fail(errorOfStatus(status, this.#sent, this.#header !== undefined));
    this.caller.ended();
  }

  /** The call has ended: with an error, or well. */
  protected abstract finish(error: RpcError | undefined): void;

  /** Ends the call from this side. */
  protected giveUp(error: RpcError): void {
    if (this.#over || this.#gaveUp !== undefined) return;
    this.#gaveUp = error;
    if (this.call.method.requestStream) resetStream(this.wire);
    this.wire.cancelWithStatus(error.code, error.message);
  }

  protected write(message: unknown, written?: () => void): number {
    const { codec, compressMinBytes } = this.settings;
    const bytes = codec.encode(this.call.method.request, message);
    const flags = bytes.byteLength < compressMinBytes ? 2 /* WriteFlags.NoCompress */ : 0;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.wire.sendMessageWithContext(written === undefined ? { flags } : { flags, callback: written }, buffer);
    return buffer.byteLength + prefixBytes;
  }

  protected decode(bytes: Buffer): unknown {
    return this.settings.codec.decode(this.call.method.response, bytes);
  }

  #fail(error: RpcError): void {
    if (error.remote) {
      this.call.values.set(receivedTrailer, () => this.trailer());
      this.finish(error);
      return;
    }
    const { code, message, details, unprocessed } = error;
    const where = `${this.call.method.fullName} at ${this.settings.address}`;
    this.finish(new RpcError(code, `${where}: ${message}`, { details, unprocessed }));
  }
}
