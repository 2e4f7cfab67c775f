import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { collect, failure } from "../support/collect.js";
import { serverCompresses } from "./compression-cases.js";
import type { Connect, InteropSetup, Serve } from "./peer.js";
import { grpcJs, nodeHttp2, ours, peers } from "./peers.js";
import { type Road, roadTo } from "./road.js";

/**
 * The cases of compression. Between ours and grpc-js they differ from the letter of the description in three points:
 *
 * - No server on either shows its handler whether a request was compressed, so none can refuse one that lied about it
 *   (the feature probe): what was compressed is read off the wire.
 * - Whether a message is compressed is a matter of its size with us, not of each call: of two in a stream it is the larger
 *   that is compressed, where the description has the smaller; unary calls that differ are made over two clients or servers.
 * - A stock grpc-js server cannot compress, so it only receives.
 *
 * The peer on node:http2 does all of it to the letter, and ours meet it so in the last block.
 */
const zeros = (size: number) => ({ body: Buffer.alloc(size) });
const value = (compressed: boolean) => ({ value: compressed });

async function* inTurn<T>(...all: readonly T[]) {
  yield* all;
}

/** A client and a server for one test. */
async function road(
  connect: Connect,
  serve: Serve,
  tls: boolean,
  clientSetup: Partial<InteropSetup> = {},
  serverSetup: Partial<InteropSetup> = {},
): Promise<Road> {
  const server = await serve({ tls, ...serverSetup });
  onTestFinished(() => server.close());
  return roadTo(server, connect, { tls, ...clientSetup });
}

for (const tls of [false, true]) {
  const over = tls ? "TLS (nothing can be seen on the wire)" : "h2c";

  for (const [client, server] of peers.flatMap((from) => peers.map((to) => [from, to] as const))) {
    const { connect } = client;
    const { serve } = server;

    describe(`gRPC interop of compression, ${over}: a client of ${client.name} and a server of ${server.name}`, () => {
      test.each([true, false])("client_compressed_unary (compressed: %s)", async (compress) => {
        const { client, requests } = await road(connect, serve, tls, { compress });
        const { payload } = await client.unaryCall({
          expectCompressed: value(compress),
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
            { expectCompressed: value(false), payload: zeros(27182) },
            { expectCompressed: value(true), payload: zeros(45904) },
          ),
        );
        expect(aggregatedPayloadSize).toBe(73086);
        expect(requests() ?? [false, true]).toEqual([false, true]);
      });

      if (server === grpcJs) return;

      test.each([true, false])("server_compressed_unary (compressed: %s)", async (compress) => {
        const { client, responses } = await road(connect, serve, tls, {}, { compress });
        const { payload } = await client.unaryCall({
          responseCompressed: value(compress),
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
              { size: 31415, compressed: value(false) },
              { size: 92653, compressed: value(true) },
            ],
          }),
        );
        expect(rows.map(({ payload }) => payload?.body.length)).toEqual([31415, 92653]);
        expect(responses() ?? [false, true]).toEqual([false, true]);
      });
    });
  }

  for (const { name, connect, serve } of ours) {
    describe(`gRPC interop of compression to the letter, ${over}: ${name} and node:http2`, () => {
      test("the feature probe: our request that says it is compressed and is not is refused", async () => {
        const { client } = await road(connect, nodeHttp2.serve, tls);
        const request = { expectCompressed: value(true), responseSize: 314159, payload: zeros(271828) };
        expect(await failure(client.unaryCall(request))).toMatchObject({ code: Code.INVALID_ARGUMENT });
        const probe = inTurn({ expectCompressed: value(true), payload: zeros(27182) });
        expect(await failure(client.streamingInputCall(probe))).toMatchObject({ code: Code.INVALID_ARGUMENT });
      });

      test("client_compressed_streaming, of which the first is compressed", async () => {
        const { client, requests } = await road(nodeHttp2.connect, serve, tls);
        const { aggregatedPayloadSize } = await client.streamingInputCall(
          inTurn(
            { expectCompressed: value(true), payload: zeros(27182) },
            { expectCompressed: value(false), payload: zeros(45904) },
          ),
        );
        expect(aggregatedPayloadSize).toBe(73086);
        expect(requests() ?? [true, false]).toEqual([true, false]);
      });

      for (const [title, run] of Object.entries(serverCompresses)) {
        test(`${title}, the smaller response too`, async () => run(await road(connect, nodeHttp2.serve, tls)));
      }
    });
  }
}
