import { grpcJsTransport } from "../../../../dist/transport/grpc-js/grpc-js.js";
import type { Connect } from "../../echo.js";
import { connectOver } from "../hawser/over.js";

export const connect: Connect = connectOver(grpcJsTransport, { tracedShare: 1 });
