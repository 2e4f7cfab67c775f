import { once } from "node:events";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { maxMessageBytes, type Serve } from "../../echo.js";
import { type EchoServiceServer, EchoServiceService } from "../../gen/ts-proto/bench/v1/echo.js";

const echo: EchoServiceServer = {
  unary(call, callback) {
    callback(null, { payload: call.request.payload });
  },

  async serverStream(call) {
    const { payload, count } = call.request;
    for (let sent = 0; sent < count; sent++) {
      if (!call.write({ payload })) await once(call, "drain");
    }
    call.end();
  },

  bidi(call) {
    call.on("data", (request) => {
      if (call.write(request)) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
};

export const serve: Serve = async () => {
  const server = new Server({ "grpc.max_receive_message_length": maxMessageBytes });
  server.addService(EchoServiceService, echo);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}` };
};
