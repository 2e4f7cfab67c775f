import { EchoServiceDefinition } from "../../../gen/ts-proto/bench/v1/echo.js";
import { createClient, type Transport } from "../../../parties/hawser/hawser.js";
import { startServer } from "../../../parties/hawser/server.js";
import { startMetrics } from "../../../parties/hawser/telemetry.js";
import { http2Transport } from "../../../parties/hawser-http2/transport.js";
import type { Holder } from "../holder.js";

startMetrics();

/** A transport has one connection to an address: as many of these, and as many of those, as make ten thousand together. */
const addressCount = 100;
const transports: Transport[] = [];
const held: object[] = [];

/** What a client has that knows as many instances; each connection has carried a call. */
export const holder: Holder = {
  async serve() {
    const anywhere = Array.from({ length: addressCount }, () => "grpc://127.0.0.1:0");
    return (await startServer(http2Transport(), anywhere)).addresses;
  },

  async open(addresses, index) {
    const target = addresses[index % addressCount] as string;
    const at = Math.floor(index / addressCount);
    const transport = transports[at] ?? http2Transport();
    transports[at] = transport;
    held.push(transport.connect(target));
    const client = createClient(EchoServiceDefinition, { target, transport });
    await client.unary({ payload: Buffer.from("hawser") });
    await client.close();
  },
};
