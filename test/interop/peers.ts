import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { grpcJsClient } from "./grpc-js-client.js";
import { grpcJsServer } from "./grpc-js-server.js";
import { hawserClient } from "./hawser-client.js";
import { hawserServer } from "./hawser-server.js";
import { nodeHttp2Client } from "./node-http2-client.js";
import { nodeHttp2Server } from "./node-http2-server.js";
import type { Connect, MakeTransport, Serve } from "./peer.js";

/** Somebody who speaks gRPC, in both roles. */
export interface Peer {
  readonly name: string;
  readonly connect: Connect;
  readonly serve: Serve;
}

export const grpcJs: Peer = { name: "grpc-js", connect: grpcJsClient, serve: grpcJsServer };
export const nodeHttp2: Peer = { name: "node:http2", connect: nodeHttp2Client, serve: nodeHttp2Server };

export const hawserGrpcJs: Peer = hawserOver(grpcJsTransport);
export const hawserHttp2: Peer = hawserOver(http2Transport);

/** Hawser over each transport that speaks gRPC. */
export const ours: readonly Peer[] = [hawserHttp2, hawserGrpcJs];

export const peers: readonly Peer[] = [...ours, grpcJs, nodeHttp2];

function hawserOver(transport: MakeTransport): Peer {
  return { name: `hawser/${transport({}).name}`, connect: hawserClient(transport), serve: hawserServer(transport) };
}
