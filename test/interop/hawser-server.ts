import type { HandlerCall, Handlers } from "../../src/contract/contract.js";
import { type Code, RpcError } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import type { EchoStatus, SimpleRequest, StreamingOutputCallRequest } from "../gen/grpc/testing/messages.js";
import { TestServiceDefinition } from "../gen/grpc/testing/test.js";
import { tls } from "../support/tls/certificates.js";
import type { MakeTransport, Serve } from "./peer.js";

const { unimplementedCall: _unimplemented, ...methods } = TestServiceDefinition.methods;
const definition = { ...TestServiceDefinition, methods };

const initial = "x-grpc-test-echo-initial";
const trailing = "x-grpc-test-echo-trailing-bin";

function echoMetadata({ metadata, header, trailer }: HandlerCall): void {
  for (const value of metadata.getAll(initial)) header.append(initial, value);
  for (const value of metadata.getAll(trailing)) trailer.append(trailing, value);
}

function failAsTold(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) throw new RpcError(status.code as Code, status.message);
}

function unary(request: SimpleRequest, call: HandlerCall) {
  echoMetadata(call);
  failAsTold(request.responseStatus);
  return { payload: { body: Buffer.alloc(request.responseSize) } };
}

function* answers(request: StreamingOutputCallRequest) {
  failAsTold(request.responseStatus);
  for (const { size } of request.responseParameters) yield { payload: { body: Buffer.alloc(size) } };
}

const handlers: Handlers<typeof definition> = {
  emptyCall: () => ({}),
  unaryCall: unary,
  cacheableUnaryCall: unary,
  async *streamingOutputCall(request, call) {
    echoMetadata(call);
    yield* answers(request);
  },
  async streamingInputCall(requests) {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, call) {
    echoMetadata(call);
    for await (const request of requests) yield* answers(request);
  },
  async *halfDuplexCall(requests) {
    const all: StreamingOutputCallRequest[] = [];
    for await (const request of requests) all.push(request);
    for (const request of all) yield* answers(request);
  },
};

/** Ours, over a transport. */
export function hawserServer(make: MakeTransport): Serve {
  return async (setup) => {
    const transport = make({
      ...(setup.tls ? { tls } : {}),
      compression: setup.compress === true ? "gzip" : "identity",
      compressMinBytes: setup.compressMinBytes ?? 1,
      maxReceiveBytes: 16 * 1024 * 1024, // the description has a case of a request of 10 MiB
    });
    const address = setup.tls ? "grpcs://127.0.0.1:0" : "grpc://127.0.0.1:0";
    const server = createServer({ transport, address }).add(definition, handlers);
    await server.start();
    return { address: server.address, close: () => server.close({ graceMs: 0 }) };
  };
}
