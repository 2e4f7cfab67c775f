import * as grpc from "@grpc/grpc-js";
import { Metadata } from "../../src/contract/contract.js";
import type {
  SimpleResponse,
  StreamingInputCallResponse,
  StreamingOutputCallResponse,
} from "../gen/grpc/testing/messages.js";
import { tls } from "../support/tls/certificates.js";
import type { InteropClient, InteropOptions, InteropSetup } from "./peer.js";
import { TestService, UnimplementedService } from "./reference.js";

/** `WriteFlags.NoCompress`, which grpc-js does not export. */
const noCompress = 2;

/** `@grpc/grpc-js` as its own users use it: nothing of ours is in it. */
export function grpcJsClient(address: string, setup: InteropSetup): InteropClient {
  const target = address.replace(/^grpcs?:\/\//, "");
  const credentials = setup.tls ? grpc.credentials.createSsl(tls.ca as Buffer) : grpc.credentials.createInsecure();
  const options = { "grpc.default_compression_algorithm": setup.compress === true ? 2 : 0 };
  const client = new TestService(target, credentials, options);
  const unimplemented = new UnimplementedService(target, credentials, options);

  return {
    emptyCall: (own) => unary(client, "EmptyCall", {}, own),
    unaryCall: (request, own) => unary<SimpleResponse>(client, "UnaryCall", request, own),
    streamingInputCall: (requests, own = {}) =>
      new Promise<StreamingInputCallResponse>((resolve, reject) => {
        const call: grpc.ClientWritableStream<object> = client["StreamingInputCall"]?.(
          outgoing(own),
          deadline(own),
          (error: grpc.ServiceError | null, response: StreamingInputCallResponse) =>
            error === null ? resolve(response) : reject(plain(error)),
        );
        listen(call, own);
        writeAll(call, requests, setup).catch(reject);
      }),
    streamingOutputCall: (request, own = {}) => {
      const call = client["StreamingOutputCall"]?.(request, outgoing(own), deadline(own));
      listen(call, own);
      return responses(call);
    },
    fullDuplexCall: (requests, own = {}) => {
      const call = client["FullDuplexCall"]?.(outgoing(own), deadline(own));
      listen(call, own);
      writeAll(call, requests, setup).catch((error) => call.emit("error", error));
      return responses(call);
    },
    unimplementedMethod: () => unary(client, "UnimplementedCall", {}),
    unimplementedService: () => unary(unimplemented, "UnimplementedCall", {}),
    close: async () => {
      client.close();
      unimplemented.close();
    },
  };
}

function unary<Response>(
  client: grpc.Client & { readonly [method: string]: unknown },
  method: string,
  request: object,
  options: InteropOptions = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const send = client[method] as (...parameters: unknown[]) => grpc.ClientUnaryCall;
    const done = (error: grpc.ServiceError | null, response: Response) =>
      error === null ? resolve(response) : reject(plain(error));
    listen(send.call(client, request, outgoing(options), deadline(options), done), options);
  });
}

async function writeAll(
  call: grpc.ClientWritableStream<object>,
  requests: AsyncIterable<object>,
  { compressMinBytes = 1 }: InteropSetup,
): Promise<void> {
  for await (const request of requests) {
    const size = (request as { readonly payload?: { readonly body?: Uint8Array } }).payload?.body?.length ?? 0;
    const flags = size < compressMinBytes ? noCompress : 0;
    await new Promise<void>((resolve) => call.write(request, flags, () => resolve()));
  }
  call.end();
}

async function* responses(
  call: grpc.ClientReadableStream<StreamingOutputCallResponse>,
): AsyncGenerator<StreamingOutputCallResponse> {
  try {
    for await (const response of call) yield response;
  } catch (error) {
    throw plain(error as grpc.ServiceError);
  }
}

function outgoing({ metadata }: InteropOptions): grpc.Metadata {
  const fields = new grpc.Metadata();
  for (const [key, value] of new Metadata(metadata)) {
    fields.add(key, typeof value === "string" ? value : Buffer.from(value));
  }
  return fields;
}

function deadline({ timeoutMs }: InteropOptions): grpc.CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function listen(call: grpc.ClientUnaryCall | grpc.ClientReadableStream<unknown>, options: InteropOptions): void {
  call.on("metadata", (fields: grpc.Metadata) => options.onHeader?.(incoming(fields)));
  call.on("status", ({ metadata }: grpc.StatusObject) => options.onTrailer?.(incoming(metadata)));
  options.signal?.addEventListener("abort", () => call.cancel());
}

function incoming(fields: grpc.Metadata): Metadata {
  const metadata = new Metadata();
  for (const key of Object.keys(fields.getMap())) {
    if (key.startsWith("x-")) for (const value of fields.get(key)) metadata.append(key, value);
  }
  return metadata;
}

function plain({ code, details }: grpc.ServiceError): Error {
  return Object.assign(new Error(details), { code });
}
