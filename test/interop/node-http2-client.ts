import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { Metadata } from "../../src/contract/contract.js";
import type { DeepPartial } from "../../src/contract/definition.js";
import type { BoolValue } from "../gen/grpc/testing/messages.js";
import { TestServiceDefinition, UnimplementedServiceDefinition } from "../gen/grpc/testing/test.js";
import { NodeHttp2Client } from "../support/node-http2/client.js";
import type { Message } from "../support/node-http2/messages.js";
import { tls } from "../support/tls/certificates.js";
import type { InteropClient, InteropOptions, InteropSetup } from "./peer.js";

interface MethodOf<Request, Response> {
  readonly name: string;
  readonly requestType: {
    fromPartial(request: DeepPartial<Request>): Request;
    encode(request: Request): { finish(): Uint8Array };
  };
  readonly responseType: { decode(bytes: Uint8Array): Response };
}

type Requests<Request> = AsyncIterable<DeepPartial<Request>>;

/** Written by hand on node:http2. Compresses, whatever its setup, the requests that shall be: the description to the letter. */
export function nodeHttp2Client(address: string, setup: InteropSetup): InteropClient {
  const client = new NodeHttp2Client(address, {
    ...(setup.tls ? { ca: tls.ca } : {}),
    ...(setup.settings === undefined ? {} : { settings: setup.settings }),
  });

  async function* stream<Request, Response>(
    method: MethodOf<Request, Response>,
    requests: Requests<Request>,
    options: InteropOptions = {},
    service = TestServiceDefinition.fullName as string,
  ): AsyncGenerator<Response> {
    const path = `/${service}/${method.name}`;
    for await (const { bytes } of client.call(path, encoded(method, requests), {
      fields: outgoing(options),
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      onHeader: (header) => options.onHeader?.(incoming(header)),
      onTrailer: (trailer) => options.onTrailer?.(incoming(trailer)),
    })) {
      yield method.responseType.decode(bytes);
    }
  }

  const { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall, unimplementedCall } =
    TestServiceDefinition.methods;
  return {
    emptyCall: (options) => only(stream(emptyCall, once({}), options)),
    unaryCall: (request, options) => only(stream(unaryCall, once(request), options)),
    streamingInputCall: (requests, options) => only(stream(streamingInputCall, requests, options)),
    streamingOutputCall: (request, options) => stream(streamingOutputCall, once(request), options),
    fullDuplexCall: (requests, options) => stream(fullDuplexCall, requests, options),
    unimplementedMethod: () => only(stream(unimplementedCall, once({}))),
    unimplementedService: () => only(stream(unimplementedCall, once({}), {}, UnimplementedServiceDefinition.fullName)),
    close: () => client.close(),
  };
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}

async function only<T>(responses: AsyncGenerator<T>): Promise<T> {
  const all: T[] = [];
  for await (const response of responses) all.push(response);
  if (all.length !== 1) throw new Error(`expected one response, got ${all.length}`);
  return all[0] as T;
}

async function* encoded<Request, Response>(
  { requestType }: MethodOf<Request, Response>,
  requests: Requests<Request>,
): AsyncGenerator<Message> {
  for await (const partial of requests) {
    const request = requestType.fromPartial(partial);
    const { expectCompressed } = request as { readonly expectCompressed?: BoolValue };
    yield { bytes: requestType.encode(request).finish(), compressed: expectCompressed?.value === true };
  }
}

function outgoing({ metadata }: InteropOptions): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  for (const [key, value] of new Metadata(metadata)) {
    fields[key] = typeof value === "string" ? value : Buffer.from(value).toString("base64");
  }
  return fields;
}

function incoming(fields: IncomingHttpHeaders): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(fields)) {
    if (!key.startsWith("x-")) continue;
    metadata.append(key, key.endsWith("-bin") ? Buffer.from(String(value), "base64") : String(value));
  }
  return metadata;
}
