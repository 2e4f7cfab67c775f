import { Code } from "../../src/errors/errors.js";
import {
  type BoolValue,
  type EchoStatus,
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "../gen/grpc/testing/messages.js";
import { TestServiceDefinition } from "../gen/grpc/testing/test.js";
import type { Message } from "../support/node-http2/messages.js";
import { type NodeHttp2Call, type NodeHttp2Handler, serveNodeHttp2 } from "../support/node-http2/server.js";
import { failed } from "../support/node-http2/status.js";
import { tls } from "../support/tls/certificates.js";
import type { InteropServer, InteropSetup } from "./peer.js";

const initial = "x-grpc-test-echo-initial";
const trailing = "x-grpc-test-echo-trailing-bin";

function echoMetadata({ fields, header, trailer }: NodeHttp2Call): void {
  if (fields[initial] !== undefined) header[initial] = fields[initial];
  if (fields[trailing] !== undefined) trailer[trailing] = fields[trailing];
}

function failAsTold(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== Code.OK) throw failed(status);
}

/** The feature probe: a request that was not sent as it says is refused. */
function check(expected: BoolValue | undefined, { compressed }: Message): void {
  if (expected === undefined || expected.value === compressed) return;
  throw failed({ code: Code.INVALID_ARGUMENT, message: `expected compressed: ${expected.value}, was ${compressed}` });
}

const payload = (size: number) => ({ body: Buffer.alloc(size) });

function* answers(request: StreamingOutputCallRequest): Generator<Message> {
  failAsTold(request.responseStatus);
  for (const { size, compressed } of request.responseParameters) {
    const response = StreamingOutputCallResponse.fromPartial({ payload: payload(size) });
    yield { bytes: StreamingOutputCallResponse.encode(response).finish(), compressed: compressed?.value === true };
  }
}

async function* unary(call: NodeHttp2Call): AsyncGenerator<Message> {
  echoMetadata(call);
  for await (const message of call.requests) {
    const request = SimpleRequest.decode(message.bytes);
    check(request.expectCompressed, message);
    failAsTold(request.responseStatus);
    const response = SimpleResponse.fromPartial({ payload: payload(request.responseSize) });
    const compressed = request.responseCompressed?.value === true;
    yield { bytes: SimpleResponse.encode(response).finish(), compressed };
  }
}

async function* streamed(call: NodeHttp2Call): AsyncGenerator<Message> {
  echoMetadata(call);
  for await (const { bytes } of call.requests) yield* answers(StreamingOutputCallRequest.decode(bytes));
}

const handlers: { readonly [method: string]: NodeHttp2Handler } = {
  async *EmptyCall({ requests }) {
    for await (const _empty of requests) yield { bytes: Buffer.alloc(0), compressed: false };
  },
  UnaryCall: unary,
  CacheableUnaryCall: unary,
  StreamingOutputCall: streamed,
  async *StreamingInputCall({ requests }) {
    let aggregatedPayloadSize = 0;
    for await (const message of requests) {
      const request = StreamingInputCallRequest.decode(message.bytes);
      check(request.expectCompressed, message);
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    }
    yield { bytes: StreamingInputCallResponse.encode({ aggregatedPayloadSize }).finish(), compressed: false };
  },
  FullDuplexCall: streamed,
};

/** Written by hand on node:http2. Compresses, whatever its setup, the responses that shall be: the description to the letter. */
export async function nodeHttp2Server(setup: InteropSetup): Promise<InteropServer> {
  const byPath = Object.entries(handlers).map(([name, handler]) => [
    `/${TestServiceDefinition.fullName}/${name}`,
    handler,
  ]);
  return serveNodeHttp2(Object.fromEntries(byPath), {
    ...(setup.tls ? { cert: tls.cert, key: tls.key } : {}),
    ...(setup.settings === undefined ? {} : { settings: setup.settings }),
  });
}
