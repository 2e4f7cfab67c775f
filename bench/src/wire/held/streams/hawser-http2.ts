import { EchoServiceDefinition } from "../../../gen/ts-proto/bench/v1/echo.js";
import { clientOf } from "../../../parties/hawser/client.js";
import type { ClosableClient } from "../../../parties/hawser/hawser.js";
import { startServer } from "../../../parties/hawser/server.js";
import { startMetrics } from "../../../parties/hawser/telemetry.js";
import { http2Transport } from "../../../parties/hawser-http2/transport.js";
import type { Holder } from "../holder.js";
import { maxStreams, once } from "./once.js";

startMetrics();

let client: ClosableClient<typeof EchoServiceDefinition>;
const held: unknown[] = [];

/** The whole of Hawser on both sides. */
export const holder: Holder = {
  async serve() {
    const transport = http2Transport({ maxConcurrentStreams: maxStreams });
    return (await startServer(transport, "grpc://127.0.0.1:0")).addresses;
  },

  async prepare([address = ""]) {
    client = await clientOf(EchoServiceDefinition, http2Transport(), address);
  },

  async open() {
    const responses = client.bidi(once({ payload: Buffer.from("hawser") }))[Symbol.asyncIterator]();
    await responses.next();
    held.push(responses, responses.next());
  },
};
