import type { Connect } from "../../echo.js";
import { connectOver } from "../hawser/over.js";
import { http2Transport } from "./transport.js";

export const connect: Connect = connectOver(http2Transport);
