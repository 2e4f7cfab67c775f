import { once } from "node:events";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { type EchoServiceServer, EchoServiceService } from "../../../gen/ts-proto/bench/v1/echo.js";
import type { Holder } from "../holder.js";
import { maxStreams } from "./once.js";

const { path, requestSerialize, responseDeserialize } = EchoServiceService.bidi;
const bidi: EchoServiceServer["bidi"] = (call) => void call.on("data", (request) => call.write(request));
const methods = { bidi: EchoServiceService.bidi };

let client: Client;
const held: object[] = [];

export const holder: Holder = {
  serve() {
    const server = new Server({ "grpc.max_concurrent_streams": maxStreams });
    server.addService(methods, { bidi });
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve([`127.0.0.1:${port}`]) : reject(error),
      );
    });
  },

  async prepare([address = ""]) {
    client = new Client(address, credentials.createInsecure());
  },

  async open() {
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    held.push(call);
    const answered = once(call, "data");
    call.write({ payload: Buffer.from("hawser") });
    await answered;
    call.resume();
  },
};
