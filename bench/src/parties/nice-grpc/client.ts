import { createChannel, createClient, waitForChannelReady } from "nice-grpc";
import { type Connect, maxMessageBytes } from "../../echo.js";
import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { receivedBytes, repeat } from "../../streams.js";

export const connect: Connect = async (address) => {
  const channel = createChannel(address, undefined, { "grpc.max_receive_message_length": maxMessageBytes });
  await waitForChannelReady(channel, new Date(Date.now() + 5000));
  const client = createClient(EchoServiceDefinition, channel);
  return {
    unary: async (payload) => (await client.unary({ payload })).payload.length,
    serverStream: (payload, count) => receivedBytes(client.serverStream({ payload, count })),
    bidi: (payload, count) => receivedBytes(client.bidi(repeat({ payload }, count))),
  };
};
