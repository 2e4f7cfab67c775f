import type { Serve } from "../../echo.js";
import { serveOver } from "../hawser/over.js";
import { http2Transport } from "../hawser-http2/transport.js";

export const serve: Serve = serveOver(http2Transport, { plainly: true });
