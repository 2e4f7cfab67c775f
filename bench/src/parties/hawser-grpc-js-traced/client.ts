import type { Connect } from "../../echo.js";
import { startTracing } from "../hawser/telemetry.js";
import { connect as connectUntraced } from "../hawser-grpc-js/client.js";

export const connect: Connect = (address) => {
  startTracing();
  return connectUntraced(address);
};
