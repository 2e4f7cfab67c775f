import type { Connect } from "../../echo.js";
import { connect as connectInProcess } from "../hawser-memory/client.js";
import { startMetrics } from "../hawser/telemetry.js";

export const connect: Connect = (address) => {
  startMetrics();
  return connectInProcess(address);
};
