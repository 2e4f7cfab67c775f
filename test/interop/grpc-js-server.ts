import * as grpc from "@grpc/grpc-js";
import type { EchoStatus, SimpleRequest, StreamingOutputCallRequest } from "../gen/grpc/testing/messages.js";
import { tls } from "../support/tls/certificates.js";
import type { InteropServer, InteropSetup } from "./peer.js";
import { TestService } from "./reference.js";

const initial = "x-grpc-test-echo-initial";
const trailing = "x-grpc-test-echo-trailing-bin";

/** The header now; gives back the trailer. */
function echoMetadata(call: grpc.ServerUnaryCall<unknown, unknown> | grpc.ServerDuplexStream<unknown, unknown>) {
  const header = new grpc.Metadata();
  for (const value of call.metadata.get(initial)) header.add(initial, value);
  if (header.get(initial).length > 0) call.sendMetadata(header);
  const trailer = new grpc.Metadata();
  for (const value of call.metadata.get(trailing)) trailer.add(trailing, value);
  return trailer;
}

function failure(
  status: EchoStatus | null | undefined,
  metadata: grpc.Metadata,
): Partial<grpc.ServiceError> | undefined {
  return status?.code ? { code: status.code, details: status.message, metadata } : undefined;
}

function unary(call: grpc.ServerUnaryCall<SimpleRequest, object>, answer: grpc.sendUnaryData<object>): void {
  const trailer = echoMetadata(call);
  const error = failure(call.request.responseStatus, trailer);
  if (error === undefined) answer(null, { payload: { body: Buffer.alloc(call.request.responseSize) } }, trailer);
  else answer(error);
}

function send(
  call: grpc.ServerWritableStream<unknown, object> | grpc.ServerDuplexStream<unknown, object>,
  request: StreamingOutputCallRequest,
): void {
  for (const { size } of request.responseParameters) call.write({ payload: { body: Buffer.alloc(size) } });
}

const handlers: grpc.UntypedServiceImplementation = {
  EmptyCall: ((_call, answer) => answer(null, {})) as grpc.handleUnaryCall<object, object>,
  UnaryCall: unary,
  CacheableUnaryCall: unary,
  StreamingOutputCall: ((call) => {
    send(call, call.request);
    call.end();
  }) as grpc.handleServerStreamingCall<StreamingOutputCallRequest, object>,
  StreamingInputCall: ((call, answer) => {
    let aggregatedPayloadSize = 0;
    call.on("data", ({ payload }) => {
      aggregatedPayloadSize += payload?.body.length ?? 0;
    });
    call.on("end", () => answer(null, { aggregatedPayloadSize }));
  }) as grpc.handleClientStreamingCall<{ payload?: { body: Buffer } }, object>,
  FullDuplexCall: ((call) => {
    const trailer = echoMetadata(call);
    call.on("data", (request) => {
      const error = failure(request.responseStatus, trailer);
      if (error === undefined) send(call, request);
      else call.emit("error", error);
    });
    call.on("end", () => call.end(trailer));
  }) as grpc.handleBidiStreamingCall<StreamingOutputCallRequest, object>,
};

/** `@grpc/grpc-js` as its own users use it: nothing of ours is in it. */
export function grpcJsServer(setup: InteropSetup): Promise<InteropServer> {
  const server = new grpc.Server();
  server.addService(TestService.service, handlers);
  const pair = { cert_chain: tls.cert as Buffer, private_key: tls.key as Buffer };
  const credentials = setup.tls
    ? grpc.ServerCredentials.createSsl(null, [pair])
    : grpc.ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
      if (error !== null) reject(error);
      else {
        const address = `${setup.tls ? "grpcs" : "grpc"}://127.0.0.1:${port}`;
        resolve({ address, close: async () => server.forceShutdown() });
      }
    });
  });
}
