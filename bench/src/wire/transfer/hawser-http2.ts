import { TransferServiceDefinition } from "../../gen/ts-proto/bench/v1/transfer.js";
import { clientOf } from "../../parties/hawser/client.js";
import type { Handlers } from "../../parties/hawser/hawser.js";
import { serverOf } from "../../parties/hawser/server.js";
import { startMetrics } from "../../parties/hawser/telemetry.js";
import { http2Transport } from "../../parties/hawser-http2/transport.js";
import { receivedBytes, repeat } from "../../streams.js";
import { message, messageBytes, type TransferParty } from "./transfer.js";

startMetrics();

const transfer: Handlers<typeof TransferServiceDefinition> = {
  upload: async (requests) => ({ bytes: await receivedBytes(requests) }),

  download({ payloadBytes, count }) {
    return repeat({ payload: Buffer.alloc(payloadBytes, "hawser") }, count);
  },
};

/** The whole of Hawser, as in the suite's other cases. */
export const party: TransferParty = {
  async serve() {
    const server = await serverOf(TransferServiceDefinition, transfer, http2Transport(), "grpc://127.0.0.1:0");
    return Number(new URL(server.address).port);
  },

  async connect(port) {
    const client = await clientOf(TransferServiceDefinition, http2Transport(), `grpc://127.0.0.1:${port}`);
    await receivedBytes(client.download({ payloadBytes: 1, count: 1 }));
    return {
      upload: async (messages) => (await client.upload(repeat({ payload: message() }, messages))).bytes,
      download: (messages) => receivedBytes(client.download({ payloadBytes: messageBytes, count: messages })),
      close: () => client.close(),
    };
  },
};
