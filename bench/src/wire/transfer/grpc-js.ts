import { once } from "node:events";
import {
  Client,
  type ClientWritableStream,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  type TransferServiceServer,
  TransferServiceService,
  type UploadRequest,
  type UploadResponse,
} from "../../gen/ts-proto/bench/v1/transfer.js";
import { receivedBytes } from "../../streams.js";
import { message, messageBytes, type TransferClient, type TransferParty } from "./transfer.js";

const transfer: TransferServiceServer = {
  upload(call, callback) {
    let bytes = 0;
    call.on("data", ({ payload }) => {
      bytes += payload.length;
    });
    call.on("end", () => callback(null, { bytes }));
  },

  async download(call) {
    const payload = Buffer.alloc(call.request.payloadBytes, "hawser");
    for (let sent = 0; sent < call.request.count; sent++) {
      if (!call.write({ payload })) await once(call, "drain");
    }
    call.end();
  },
};

export const party: TransferParty = {
  async serve() {
    const server = new Server();
    server.addService(TransferServiceService, transfer);
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  },

  async connect(port) {
    // A subchannel of its own for each client: the next one is to start anew.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    await download(client, 1, 1);
    return transferClient(client);
  },
};

function transferClient(client: Client): TransferClient {
  return {
    upload(messages) {
      const { path, requestSerialize, responseDeserialize } = TransferServiceService.upload;
      return new Promise((resolve, reject) => {
        const answer = (error: ServiceError | null, response?: UploadResponse) =>
          response === undefined ? reject(error) : resolve(response.bytes);
        send(client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, answer), messages).catch(
          reject,
        );
      });
    },
    download: (messages) => download(client, messageBytes, messages),
    close: () => client.close(),
  };
}

async function send(call: ClientWritableStream<UploadRequest>, messages: number): Promise<void> {
  const payload = message();
  for (let sent = 0; sent < messages; sent++) {
    if (!call.write({ payload })) await once(call, "drain");
  }
  call.end();
}

function download(client: Client, payloadBytes: number, count: number): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = TransferServiceService.download;
  return receivedBytes(
    client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { payloadBytes, count }),
  );
}
