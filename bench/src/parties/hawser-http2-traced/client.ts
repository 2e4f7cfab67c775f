import type { Connect } from "../../echo.js";
import { connectOver } from "../hawser/over.js";
import { http2Transport } from "../hawser-http2/transport.js";

export const connect: Connect = connectOver(http2Transport, { tracedShare: 0.1 });
