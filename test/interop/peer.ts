import type { Settings } from "node:http2";
import type { Metadata, MetadataInit } from "../../src/contract/contract.js";
import type { DeepPartial } from "../../src/contract/definition.js";
import type { GrpcOptions } from "../../src/transport/grpc/options.js";
import type { Transport } from "../../src/transport/transport.js";
import type {
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "../gen/grpc/testing/messages.js";

/** What one call may ask for, of whatever client. */
export interface InteropOptions {
  readonly metadata?: MetadataInit;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onHeader?: (header: Metadata) => void;
  readonly onTrailer?: (trailer: Metadata) => void;
}

/** A client of `grpc.testing`, ours or another's; its failures have the `code` and `message` of a status. */
export interface InteropClient {
  emptyCall(options?: InteropOptions): Promise<unknown>;
  unaryCall(request: DeepPartial<SimpleRequest>, options?: InteropOptions): Promise<SimpleResponse>;
  streamingInputCall(
    requests: AsyncIterable<DeepPartial<StreamingInputCallRequest>>,
    options?: InteropOptions,
  ): Promise<StreamingInputCallResponse>;
  streamingOutputCall(
    request: DeepPartial<StreamingOutputCallRequest>,
    options?: InteropOptions,
  ): AsyncIterable<StreamingOutputCallResponse>;
  fullDuplexCall(
    requests: AsyncIterable<DeepPartial<StreamingOutputCallRequest>>,
    options?: InteropOptions,
  ): AsyncIterable<StreamingOutputCallResponse>;
  unimplementedMethod(): Promise<unknown>;
  unimplementedService(): Promise<unknown>;
  close(): Promise<void>;
}

export interface InteropServer {
  /** `grpc://127.0.0.1:port` or `grpcs://…` */
  readonly address: string;
  close(): Promise<void>;
}

/** How either side is set up. */
export interface InteropSetup {
  readonly tls: boolean;
  /** Whether messages are compressed when sent. Default: false. */
  readonly compress?: boolean;
  /** Where the size decides: smaller ones are not. Default: 1. */
  readonly compressMinBytes?: number;
  /** What a peer on node:http2 says in its SETTINGS. Default: what node:http2 says. */
  readonly settings?: Settings;
}

export type Connect = (address: string, setup: InteropSetup) => InteropClient;
export type Serve = (setup: InteropSetup) => Promise<InteropServer>;
/** A transport of ours that speaks gRPC. */
export type MakeTransport = (options: GrpcOptions) => Transport;
