import { grpcJsTransport } from "../../../../dist/transport/grpc-js/grpc-js.js";
import type { Serve } from "../../echo.js";
import { serveOver } from "../hawser/over.js";

export const serve: Serve = serveOver(grpcJsTransport, { tracedShare: 1 });
