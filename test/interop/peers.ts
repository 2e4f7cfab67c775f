import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { grpcJsClient } from "./grpc-js-client.js";
import { grpcJsServer } from "./grpc-js-server.js";
import { hawserClient } from "./hawser-client.js";
import { hawserServer } from "./hawser-server.js";
import { nodeHttp2Client } from "./node-http2-client.js";
import { nodeHttp2Server } from "./node-http2-server.js";
import type { Connect, Serve } from "./peer.js";

/** Somebody who speaks gRPC, in both roles. */
export interface Peer {
  readonly name: string;
  readonly connect: Connect;
  readonly serve: Serve;
}

export const grpcJs: Peer = { name: "grpc-js", connect: grpcJsClient, serve: grpcJsServer };
export const nodeHttp2: Peer = { name: "node:http2", connect: nodeHttp2Client, serve: nodeHttp2Server };

/** Hawser over each transport that speaks gRPC. */
export const ours: readonly Peer[] = [grpcJsTransport].map((transport) => ({
  name: `hawser/${transport({}).name}`,
  connect: hawserClient(transport),
  serve: hawserServer(transport),
}));

export const peers: readonly Peer[] = [...ours, grpcJs, nodeHttp2];
