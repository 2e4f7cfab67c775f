import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Connect, maxMessageBytes } from "../../echo.js";
import { EchoService } from "../../gen/protobuf-es/bench/v1/echo_pb.js";
import { receivedBytes, repeat } from "../../streams.js";

export const connect: Connect = async (address) => {
  const sessionManager = new Http2SessionManager(address);
  await sessionManager.connect();
  const client = createClient(
    EchoService,
    createGrpcTransport({ baseUrl: address, readMaxBytes: maxMessageBytes, sessionManager }),
  );
  return {
    unary: async (payload) => (await client.unary({ payload })).payload.length,
    serverStream: (payload, count) => receivedBytes(client.serverStream({ payload, count })),
    bidi: (payload, count) => receivedBytes(client.bidi(repeat({ payload }, count))),
  };
};
