import { maxMessageBytes, type Serve } from "../../echo.js";
import { grpcJsTransport } from "../hawser/hawser.js";
import { startServer } from "../hawser/server.js";
import { startMetrics } from "../hawser/telemetry.js";

export const serve: Serve = () => {
  startMetrics();
  return startServer(grpcJsTransport({ maxReceiveBytes: maxMessageBytes }), "grpc://127.0.0.1:0");
};
