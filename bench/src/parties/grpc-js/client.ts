import { once } from "node:events";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { type Connect, maxMessageBytes } from "../../echo.js";
import { EchoServiceService, type UnaryResponse } from "../../gen/ts-proto/bench/v1/echo.js";
import { receivedBytes } from "../../streams.js";

const { unary, serverStream, bidi } = EchoServiceService;

export const connect: Connect = async (address) => {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxMessageBytes,
  });
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 5000, (error) => (error === undefined ? resolve() : reject(error)));
  });

  return {
    async unary(payload) {
      const response = await new Promise<UnaryResponse>((resolve, reject) => {
        const answer = (error: ServiceError | null, value?: UnaryResponse) =>
          value === undefined ? reject(error) : resolve(value);
        client.makeUnaryRequest(unary.path, unary.requestSerialize, unary.responseDeserialize, { payload }, answer);
      });
      return response.payload.length;
    },

    async serverStream(payload, count) {
      const { path, requestSerialize, responseDeserialize } = serverStream;
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { payload, count });
      return receivedBytes(call);
    },

    async bidi(payload, count) {
      const call = client.makeBidiStreamRequest(bidi.path, bidi.requestSerialize, bidi.responseDeserialize);
      const send = async () => {
        for (let sent = 0; sent < count; sent++) {
          if (!call.write({ payload })) await once(call, "drain");
        }
        call.end();
      };
      const [bytes] = await Promise.all([receivedBytes(call), send()]);
      return bytes;
    },
  };
};
