import type { Serve } from "../../echo.js";
import { startTracing } from "../hawser/telemetry.js";
import { serve as serveUntraced } from "../hawser-grpc-js/server.js";

export const serve: Serve = () => {
  startTracing();
  return serveUntraced();
};
