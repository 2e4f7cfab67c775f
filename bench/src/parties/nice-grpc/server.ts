import { createServer } from "nice-grpc";
import { maxMessageBytes, type Serve } from "../../echo.js";
import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";

export const serve: Serve = async () => {
  const server = createServer({ "grpc.max_receive_message_length": maxMessageBytes });
  server.add(EchoServiceDefinition, {
    async unary({ payload }) {
      return { payload };
    },

    async *serverStream({ payload, count }) {
      for (let sent = 0; sent < count; sent++) yield { payload };
    },

    async *bidi(requests) {
      for await (const { payload } of requests) yield { payload };
    },
  });
  const port = await server.listen("127.0.0.1:0");
  return { address: `127.0.0.1:${port}` };
};
