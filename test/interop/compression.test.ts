import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type ResponseParameters,
  SimpleResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "../gen/grpc/testing/messages.js";
import { collect } from "../support/collect.js";
import { messagesIn } from "../support/http2-frames.js";
import { frame, messagesOf, RawServer } from "../support/raw-grpc.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { grpcJsClient } from "./grpc-js-client.js";
import { grpcJsServer } from "./grpc-js-server.js";
import { hawserClient } from "./hawser-client.js";
import { hawserServer } from "./hawser-server.js";
import type { InteropClient, InteropServer, InteropSetup } from "./peer.js";

/**
 * The cases of compression. They differ from the letter of the description in three points, none of which grpc-js allows:
 *
 * - No server on grpc-js shows its handler whether a request was compressed, so none can refuse one that lied about it
 *   (the feature probe): what was compressed is read off the wire.
 * - Whether a message is compressed is a matter of its size with us, not of each call: of two in a stream it is the larger
 *   that is compressed, where the description has the smaller; unary calls that differ are made over two clients or servers.
 * - A stock grpc-js server cannot compress: our client meets a server of raw HTTP/2 instead, which answers to the letter.
 */
const zeros = (size: number) => ({ body: Buffer.alloc(size) });

async function* inTurn<T>(...all: readonly T[]) {
  yield* all;
}

interface Road {
  readonly client: InteropClient;
  /** Whether each request, and each response, was compressed on the wire; undefined where it cannot be seen. */
  readonly requests: () => readonly boolean[] | undefined;
  readonly responses: () => readonly boolean[] | undefined;
}

type Connect = (address: string, setup: InteropSetup) => InteropClient;
type Serve = (setup: InteropSetup) => Promise<InteropServer>;

/** A client and a server, with somebody listening in between where that is possible. */
async function road(
  connect: Connect,
  serve: Serve,
  tls: boolean,
  clientSetup: Partial<InteropSetup>,
  serverSetup: Partial<InteropSetup> = {},
): Promise<Road> {
  const server = await serve({ tls, ...serverSetup });
  const proxy = await TcpProxy.to(server.address, { record: true });
  const client = connect(proxy.addressFor(server.address), { tls, ...clientSetup });
  onTestFinished(async () => {
    await client.close();
    await server.close();
    await proxy.close();
  });
  const flags = (side: "sent" | "received") => () =>
    tls
      ? undefined
      : proxy.recordings.flatMap((each) => messagesIn(Buffer.concat(each[side])).map(({ compressed }) => compressed));
  return { client, requests: flags("sent"), responses: flags("received") };
}

/** Answers UnaryCall and StreamingOutputCall to the letter: what shall be compressed is. */
function compressingServer(): Promise<RawServer> {
  return RawServer.start((stream, fields) => {
    const body: Buffer[] = [];
    stream.on("data", (bytes: Buffer) => body.push(bytes));
    stream.on("end", () => {
      const [request] = messagesOf(Buffer.concat(body));
      const bytes = request?.compressed === true ? gunzipSync(request.bytes) : request?.bytes;
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      if (String(fields[":path"]).endsWith("/UnaryCall")) {
        stream.write(
          frame(gzipSync(SimpleResponse.encode(SimpleResponse.fromPartial({ payload: zeros(314159) })).finish()), 1),
        );
      } else {
        const { responseParameters } = StreamingOutputCallRequest.decode(bytes ?? Buffer.alloc(0));
        for (const parameters of responseParameters) stream.write(streamed(parameters));
      }
      stream.end();
    });
  });
}

function streamed({ size, compressed }: ResponseParameters): Buffer {
  const bytes = StreamingOutputCallResponse.encode(
    StreamingOutputCallResponse.fromPartial({ payload: zeros(size) }),
  ).finish();
  return compressed?.value === true ? frame(gzipSync(bytes), 1) : frame(bytes);
}

for (const tls of [false, true]) {
  const over = tls ? "TLS (nothing can be seen on the wire)" : "h2c";

  describe.each([
    ["our client and a grpc-js server", hawserClient, grpcJsServer],
    ["a grpc-js client and our server", grpcJsClient, hawserServer],
    ["our client and our server", hawserClient, hawserServer],
  ] as const)(`gRPC interop of compression, ${over}: %s`, (_parties, connect, serve) => {
    test.each([true, false])("client_compressed_unary (compressed: %s)", async (compress) => {
      const { client, requests } = await road(connect, serve, tls, { compress });
      const { payload } = await client.unaryCall({
        expectCompressed: { value: compress },
        responseSize: 314159,
        payload: zeros(271828),
      });
      expect(payload?.body.equals(Buffer.alloc(314159))).toBe(true);
      expect(requests() ?? [compress]).toEqual([compress]);
    });

    test("client_compressed_streaming", async () => {
      const { client, requests } = await road(connect, serve, tls, { compress: true, compressMinBytes: 30_000 });
      const { aggregatedPayloadSize } = await client.streamingInputCall(
        inTurn(
          { expectCompressed: { value: false }, payload: zeros(27182) },
          { expectCompressed: { value: true }, payload: zeros(45904) },
        ),
      );
      expect(aggregatedPayloadSize).toBe(73086);
      expect(requests() ?? [false, true]).toEqual([false, true]);
    });
  });

  describe.each([
    ["a grpc-js client and our server", grpcJsClient, hawserServer],
    ["our client and our server", hawserClient, hawserServer],
  ] as const)(`gRPC interop of compression, ${over}: %s`, (_parties, connect, serve) => {
    test.each([true, false])("server_compressed_unary (compressed: %s)", async (compress) => {
      const { client, responses } = await road(connect, serve, tls, {}, { compress });
      const { payload } = await client.unaryCall({
        responseCompressed: { value: compress },
        responseSize: 314159,
        payload: zeros(271828),
      });
      expect(payload?.body.equals(Buffer.alloc(314159))).toBe(true);
      expect(responses() ?? [compress]).toEqual([compress]);
    });

    test("server_compressed_streaming", async () => {
      const { client, responses } = await road(connect, serve, tls, {}, { compress: true, compressMinBytes: 50_000 });
      const rows = await collect(
        client.streamingOutputCall({
          responseParameters: [
            { size: 31415, compressed: { value: false } },
            { size: 92653, compressed: { value: true } },
          ],
        }),
      );
      expect(rows.map(({ payload }) => payload?.body.length)).toEqual([31415, 92653]);
      expect(responses() ?? [false, true]).toEqual([false, true]);
    });
  });
}

describe("gRPC interop of compression, h2c: our client and a server of raw HTTP/2", () => {
  async function given(): Promise<InteropClient> {
    const server = await compressingServer();
    const client = hawserClient(server.address, { tls: false });
    onTestFinished(async () => {
      await client.close();
      await server.close();
    });
    return client;
  }

  test("server_compressed_unary", async () => {
    const client = await given();
    const { payload } = await client.unaryCall({ responseCompressed: { value: true }, responseSize: 314159 });
    expect(payload?.body.equals(Buffer.alloc(314159))).toBe(true);
  });

  test("server_compressed_streaming", async () => {
    const client = await given();
    const rows = await collect(
      client.streamingOutputCall({
        responseParameters: [
          { size: 31415, compressed: { value: true } },
          { size: 92653, compressed: { value: false } },
        ],
      }),
    );
    expect(rows.map(({ payload }) => payload?.body.length)).toEqual([31415, 92653]);
  });
});
