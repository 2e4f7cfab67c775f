import type { Connect } from "../../echo.js";
import { startMetrics } from "../hawser/telemetry.js";
import { connect as connectInProcess } from "../hawser-memory/client.js";

export const connect: Connect = (address) => {
  startMetrics();
  return connectInProcess(address);
};
