import { type Connect, maxMessageBytes } from "../../echo.js";
import { connectClient } from "../hawser/client.js";
import { grpcJsTransport } from "../hawser/hawser.js";
import { startMetrics } from "../hawser/telemetry.js";

export const connect: Connect = (address) => {
  startMetrics();
  return connectClient(grpcJsTransport({ maxReceiveBytes: maxMessageBytes }), address);
};
