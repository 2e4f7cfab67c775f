import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { maxMessageBytes, type Serve } from "../../echo.js";
import { EchoService } from "../../gen/protobuf-es/bench/v1/echo_pb.js";

export const serve: Serve = async () => {
  const handler = connectNodeAdapter({
    readMaxBytes: maxMessageBytes,
    routes: (router) =>
      router.service(EchoService, {
        unary({ payload }) {
          return { payload };
        },

        async *serverStream({ payload, count }) {
          for (let sent = 0; sent < count; sent++) yield { payload };
        },

        async *bidi(requests) {
          for await (const { payload } of requests) yield { payload };
        },
      }),
  });
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}` };
};
