import { EchoServiceDefinition } from "../../../gen/ts-proto/bench/v1/echo.js";
import { createClient } from "../../../parties/hawser/hawser.js";
import { startServer } from "../../../parties/hawser/server.js";
import { startMetrics } from "../../../parties/hawser/telemetry.js";
import { http2Transport } from "../../../parties/hawser-http2/transport.js";
import type { Holder } from "../holder.js";

startMetrics();

const held: object[] = [];

/** A transport of its own for each connection, since one transport has one to an address; each has carried a call. */
export const holder: Holder = {
  async serve() {
    const { address } = await startServer(http2Transport(), "grpc://127.0.0.1:0");
    return Number(new URL(address).port);
  },

  async open(port) {
    const target = `grpc://127.0.0.1:${port}`;
    const transport = http2Transport();
    held.push(transport.connect(target));
    const client = createClient(EchoServiceDefinition, { target, transport });
    await client.unary({ payload: Buffer.from("hawser") });
    await client.close();
  },
};
